/* ppk2_port.c: the serial port of a PPK2 and the single-byte commands that it takes (ppk2_port.h).
 */
#include "power/ppk2_port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "bench/core/clock.h"

enum { ANSWER_MS = 2000, READ_BYTES = 4096 };

enum command {
    AVERAGE_START = 0x06,
    AVERAGE_STOP = 0x07,
    DUT_POWER = 0x0c,
    REGULATOR_SET = 0x0d,
    MODE_SET = 0x11, /* 1 ampere meter, 2 source */
    METADATA = 0x19,
};

rg_status rg_ppk2_open(const char *path, int *ret_fd, rg_err *err) {
    struct termios raw;
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && (errno == EACCES || errno == EPERM))
        return rg_fail(err, RG_DENIED, "sudo usermod -aG dialout $USER, then log in again",
                       "no permission to use %s", path);
    if (fd < 0)
        return rg_fail(err, RG_ABSENT, "plug it in; ls /dev/ttyACM*", "cannot open %s: %s", path,
                       strerror(errno));
    if (tcgetattr(fd, &raw) < 0) {
        close(fd);
        return rg_fail(err, RG_USAGE, "name its port, such as /dev/ttyACM0", "%s is no serial port",
                       path);
    }
    cfmakeraw(&raw);
    tcsetattr(fd, TCSANOW, &raw);
    *ret_fd = fd;
    return RG_OK;
}

static bool send_bytes(int fd, const unsigned char *bytes, size_t n) {
    return write(fd, bytes, n) == (ssize_t)n;
}

static bool command(int fd, enum command what) {
    return send_bytes(fd, (const unsigned char[]){(unsigned char)what}, 1);
}

static bool command_with(int fd, enum command what, unsigned char value) {
    return send_bytes(fd, (const unsigned char[]){(unsigned char)what, value}, 2);
}

void rg_ppk2_calm(int fd) {
    char rest[READ_BYTES];
    command(fd, AVERAGE_STOP);
    for (int quiet = 0, tries = 0; quiet < 3 && tries < 50; tries++) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        quiet = poll(&waiting, 1, 10) > 0 && read(fd, rest, sizeof rest) > 0 ? 0 : quiet + 1;
    }
}

rg_status rg_ppk2_ask_calibration(int fd, char *text, size_t cap, rg_err *err) {
    int64_t end_ns = rg_clock_real_ns() + (int64_t)ANSWER_MS * 1000000;
    size_t used = 0;
    rg_ppk2_calm(fd);
    *text = '\0';
    for (bool asked = command(fd, METADATA); asked && used + 1 < cap;) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int left_ms = (int)((end_ns - rg_clock_real_ns()) / 1000000);
        if (left_ms <= 0 || poll(&waiting, 1, left_ms) <= 0)
            break;
        ssize_t n = read(fd, text + used, cap - 1 - used);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
        text[used += n > 0 ? (size_t)n : 0] = '\0';
        if (strstr(text, "END"))
            return RG_OK;
    }
    return rg_fail(err, RG_FAILED, "name its first port; unplug it and plug it in again",
                   "what is there does not answer as a PPK2");
}

bool rg_ppk2_set_up(int fd, double source_v) {
    if (source_v > 0) {
        unsigned mv = (unsigned)(source_v * 1e3 + 0.5);
        const unsigned char set[] = {REGULATOR_SET, (unsigned char)(mv >> 8), (unsigned char)mv};
        if (!send_bytes(fd, set, sizeof set))
            return false;
    }
    return command_with(fd, MODE_SET, source_v > 0 ? 2 : 1) && command_with(fd, DUT_POWER, 1);
}

bool rg_ppk2_start(int fd) {
    return command(fd, AVERAGE_START);
}
