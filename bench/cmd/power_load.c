/* power_load.c: a load that comes and goes at known moments. */
#include "bench/cmd/power_load.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/run/cores.h"

enum { NAP_NS = 100000, PATIENCE_MS = 1000 };

typedef struct spinner {
    rg_load *load;
    pthread_t thread;
    uint16_t cpu;
} spinner;

struct rg_load {
    const char *command;
    pid_t pid; /* of the command, 0: none runs */
    spinner *spinners;
    size_t n_spinners; /* started */
    atomic_bool busy, over;
    _Atomic uint64_t sink; /* what the work comes to, so that it is done */
};

static void nap(long ns) {
    nanosleep(&(struct timespec){0, ns}, NULL);
}

/* Multiplications and additions by turns keep the core's ports busy. */
static uint64_t work(uint64_t seed) {
    double x = 1.0 + (double)(seed & 7) * 1e-3;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        x = x * 0.999999 + 1e-6;
    }
    return seed + (uint64_t)(x * 1e6);
}

static void *spin(void *user) {
    spinner *s = user;
    rg_cpu_pin(s->cpu);
    uint64_t seed = s->cpu;
    while (!atomic_load_explicit(&s->load->over, memory_order_relaxed)) {
        if (atomic_load_explicit(&s->load->busy, memory_order_relaxed))
            seed = work(seed);
        else
            nap(NAP_NS);
    }
    atomic_fetch_add(&s->load->sink, seed);
    return NULL;
}

static rg_status start_spinners(rg_load *load, char *ret_cores, size_t cap, rg_err *err) {
    rg_cpus cpus = *rg_cpus_here();
    cpus.n = cpus.n > 1 ? cpus.n - 1 : 1;
    rg_cpus_text(&cpus, ret_cores, cap);
    load->spinners = calloc(cpus.n, sizeof *load->spinners);
    if (!load->spinners)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (uint32_t i = 0; i < cpus.n; i++) {
        spinner *s = &load->spinners[i];
        *s = (spinner){.load = load, .cpu = cpus.id[i]};
        if (pthread_create(&s->thread, NULL, spin, s) != 0)
            return rg_fail(err, RG_FAILED, NULL, "cannot start a thread for the load");
        load->n_spinners++;
    }
    return RG_OK;
}

rg_status rg_load_new(const char *command, rg_load **ret_load, char *ret_cores, size_t cap,
                      rg_err *err) {
    rg_load *load = calloc(1, sizeof *load);
    if (!load)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    load->command = command;
    *ret_cores = '\0';
    rg_status status = *command ? RG_OK : start_spinners(load, ret_cores, cap, err);
    if (status == RG_OK)
        *ret_load = load;
    else
        rg_load_free(load);
    return status;
}

static rg_status start_command(rg_load *load, rg_err *err) {
    fflush(NULL);
    load->pid = fork();
    if (load->pid == 0) {
        setpgid(0, 0);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is ours */
        execl("/bin/sh", "sh", "-c", load->command, (char *)NULL);
        _exit(127);
    }
    if (load->pid < 0) {
        load->pid = 0;
        return rg_fail(err, RG_IO, NULL, "cannot start the load: %s", strerror(errno));
    }
    setpgid(load->pid, load->pid); /* whichever of us comes first */
    return RG_OK;
}

rg_status rg_load_start(rg_load *load, rg_err *err) {
    if (*load->command)
        return start_command(load, err);
    atomic_store(&load->busy, true);
    return RG_OK;
}

static void stop_command(rg_load *load) {
    kill(-load->pid, SIGTERM);
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        if (waitpid(load->pid, NULL, WNOHANG) != 0) {
            load->pid = 0;
            return;
        }
        nap(1000000);
    }
    kill(-load->pid, SIGKILL);
    waitpid(load->pid, NULL, 0);
    load->pid = 0;
}

void rg_load_stop(rg_load *load) {
    atomic_store(&load->busy, false);
    if (load->pid > 0)
        stop_command(load);
}

void rg_load_free(rg_load *load) {
    if (!load)
        return;
    rg_load_stop(load);
    atomic_store(&load->over, true);
    for (size_t i = 0; i < load->n_spinners; i++)
        pthread_join(load->spinners[i].thread, NULL);
    free(load->spinners);
    free(load);
}
