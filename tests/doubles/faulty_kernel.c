/* faulty_kernel.c: the program with one kernel that does something worse, by the words of
 * RAILGAUGE_FAULT ("busy=0.05"): what a gate must see and name. Linked before the library with
 * --wrap=rg_kernel_for, so that the kernel of fully_connected_s8 is found through here.
 *
 *   busy=S    every call waits for S of the time of an inference
 *   tail=S    one call in ten does
 *   cache=N   every call touches N lines scattered over 64 MiB, which are held from the load on
 *   work=N    every call counts down from N
 *   first=US  the first call waits for that many microseconds
 *   memory=B  B bytes more are held
 *   wrong=1   the largest output of the kernel is another */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/iface/kernel.h"

const rg_kernel *__real_rg_kernel_for(const rg_op_call *call, uint64_t mask);
const rg_kernel *__wrap_rg_kernel_for(const rg_op_call *call, uint64_t mask);

static const rg_kernel *real;
static rg_kernel faulty;
static int64_t left_ns; /* when the last call returned */
static double usual_ns; /* time of an inference without the fault */
static unsigned calls;

/* The environment is read once: where it lies in memory differs between rounds, and what reading it
 * costs, too. */
static double fault(const char *name) {
    static char words[64];
    const char *text = words[0] ? words : getenv("RAILGAUGE_FAULT");
    size_t n = strlen(name);
    if (text && !words[0])
        snprintf(words, sizeof words, "%s", text);
    return text && !strncmp(text, name, n) && text[n] == '=' ? atof(text + n + 1) : 0;
}

static void wait_ns(double ns) {
    int64_t end = rg_clock_real_ns() + (int64_t)ns;
    while (rg_clock_real_ns() < end)
        ;
}

enum { WIDE_BYTES = 64 << 20 };
static uint8_t *volatile wide, *volatile held;

/* What is only held is taken at load, so that no call pays for it. */
static uint8_t *take(double bytes) {
    uint8_t *memory = bytes >= 1 ? malloc((size_t)bytes) : NULL;
    if (memory)
        memset(memory, 1, (size_t)bytes);
    return memory;
}

static void read_lines(unsigned n) {
    static uint64_t at = 1;
    volatile uint8_t *memory = wide;
    for (unsigned i = 0; memory && i < n; i++) {
        at = at * 6364136223846793005u + 1442695040888963407u;
        memory[(at >> 33) % WIDE_BYTES]++;
    }
}

static void count_down(unsigned n) {
    static volatile unsigned left;
    for (left = n; left; left--)
        ;
}

/* Between this call's begin and the last one's end lies the rest of the inference; a pause, or time
 * that another process had, is no part of it. */
static void note_time(int64_t now_ns) {
    double since = left_ns ? (double)(now_ns - left_ns) : 0;
    if (since > 0 && (usual_ns == 0 || since < usual_ns))
        usual_ns = since;
    else if (since < 2 * usual_ns)
        usual_ns += (since - usual_ns) / 32;
}

static void misbehave(void) {
    double busy = fault("busy"), tail = fault("tail");
    calls++;
    if (busy > 0)
        wait_ns(busy * usual_ns);
    if (tail > 0 && calls % 10 == 0)
        wait_ns(tail * usual_ns);
    if (wide)
        read_lines((unsigned)fault("cache"));
    count_down((unsigned)fault("work"));
    if (fault("first") > 0 && calls == 1)
        wait_ns(1e3 * fault("first"));
}

/* One output of the kernel, the one that decides the class. */
static void spoil_largest(int8_t *values, size_t n) {
    size_t at = 0;
    for (size_t i = 1; i < n; i++)
        at = values[i] > values[at] ? i : at;
    values[at] = -128;
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first, size_t last, void *scratch) {
    bool waits = fault("busy") > 0 || fault("tail") > 0;
    if (waits)
        note_time(rg_clock_real_ns());
    misbehave();
    real->run(call, packed, in, out, first, last, scratch);
    if (fault("wrong") > 0)
        spoil_largest(out[0], call->out[0]->bytes);
    if (waits)
        left_ns = rg_clock_real_ns();
}

const rg_kernel *__wrap_rg_kernel_for(const rg_op_call *call, uint64_t mask) {
    const rg_kernel *kernel = __real_rg_kernel_for(call, mask);
    if (!kernel || strcmp(call->op->name, "fully_connected_s8") || !getenv("RAILGAUGE_FAULT"))
        return kernel;
    real = kernel;
    if (!wide && strstr(getenv("RAILGAUGE_FAULT"), "cache"))
        wide = take(WIDE_BYTES);
    if (!held)
        held = take(fault("memory"));
    faulty = *kernel;
    faulty.run = run;
    return &faulty;
}
