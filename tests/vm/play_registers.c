/* play_registers.c: plays a table of register values on an emulated chip (the kernel's i2c-stub)
 * through /dev/i2c-N, below the driver that is bound to it, and says when each was written.
 * tests/vm/drivers.py writes the table and knows what the registers mean.
 *
 *     play_registers /dev/i2c-0 TABLE
 *
 * A line of the table: milliseconds from the start, address, register, value in hexadecimal with
 * the chip's width (4 or 6 digits), as "500 40 01 0320". A line of the output: nanoseconds of
 * CLOCK_MONOTONIC before and after the write, then address, register and value. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

typedef struct row {
    int64_t at_ms;
    unsigned address, reg;
    char digits[8];
} row;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void wait_until(int64_t at_ns) {
    struct timespec t = {at_ns / 1000000000, at_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        continue;
}

static int transfer(int bus, unsigned reg, __u32 size, union i2c_smbus_data *data) {
    struct i2c_smbus_ioctl_data call = {
        .read_write = I2C_SMBUS_WRITE, .command = (__u8)reg, .size = size, .data = data};
    return ioctl(bus, I2C_SMBUS, &call);
}

/* The chips send the most significant byte first; a word of SMBus has the least significant first.
 */
static int write_register(int bus, const row *r, unsigned value) {
    union i2c_smbus_data data;
    if (ioctl(bus, I2C_SLAVE_FORCE, (unsigned long)r->address) < 0)
        return -1;
    if (strlen(r->digits) <= 4) {
        data.word = (__u16)((value & 0xff) << 8 | value >> 8);
        return transfer(bus, r->reg, I2C_SMBUS_WORD_DATA, &data);
    }
    const __u8 block[] = {3, (__u8)(value >> 16), (__u8)(value >> 8), (__u8)value};
    memcpy(data.block, block, sizeof block);
    return transfer(bus, r->reg, I2C_SMBUS_I2C_BLOCK_DATA, &data);
}

static int play(int bus, FILE *table) {
    int64_t start_ns = now_ns();
    row r;
    unsigned value;
    while (fscanf(table, "%" SCNd64 " %x %x %7s", &r.at_ms, &r.address, &r.reg, r.digits) == 4) {
        if (sscanf(r.digits, "%x", &value) != 1)
            return -1;
        wait_until(start_ns + r.at_ms * 1000000);
        int64_t before_ns = now_ns();
        if (write_register(bus, &r, value) < 0)
            return -1;
        printf("%" PRId64 " %" PRId64 " %02x %02x %s\n", before_ns, now_ns(), r.address, r.reg,
               r.digits);
    }
    return feof(table) ? 0 : -1;
}

int main(int argc, char **argv) {
    int bus = argc == 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
    FILE *table = bus >= 0 ? fopen(argv[2], "re") : NULL;
    int failed = table ? play(bus, table) : -1;
    if (failed)
        fprintf(stderr, "play_registers: %s\n", strerror(errno));
    if (table)
        fclose(table);
    if (bus >= 0)
        close(bus);
    return failed ? 1 : 0;
}
