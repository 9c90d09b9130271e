/* waited.c: /proc/.../schedstat (Linux, Documentation/scheduler/sched-stats). */
#include "bench/run/waited.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* "RUN WAIT SLICES", the first two in nanoseconds. */
static int64_t read_wait(const char *path) {
    char text[96];
    unsigned long long ran, waited;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t n = read(file, text, sizeof text - 1);
    close(file);
    text[n > 0 ? n : 0] = '\0';
    return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? (int64_t)waited : -1;
}

int64_t rg_waited_thread_ns(void) {
    return read_wait("/proc/thread-self/schedstat");
}

int64_t rg_waited_process_ns(void) {
    DIR *tasks = opendir("/proc/self/task");
    int64_t sum = -1;
    if (!tasks)
        return -1;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        char path[300];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", entry->d_name);
        int64_t waited = read_wait(path);
        if (waited >= 0)
            sum = (sum < 0 ? 0 : sum) + waited;
    }
    closedir(tasks);
    return sum;
}
