/* child.c: starts and ends the processes of sensors (child.h). */
#include "power/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

rg_status rg_sensor_child_start(void (*become)(const void *user, int out), const void *user,
                                rg_sensor_child *ret_child, rg_err *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return rg_fail(err, RG_IO, NULL, "no pipe to a sensor's process: %s", strerror(errno));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDONLY);
        setpgid(0, 0);
        if (null < 0 || dup2(null, 0) < 0)
            _exit(127);
        become(user, ends[1]);
        _exit(127);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return rg_fail(err, RG_IO, NULL, "cannot start a sensor's process: %s", strerror(errno));
    }
    setpgid(pid, pid);
    *ret_child = (rg_sensor_child){pid, ends[0]};
    return RG_OK;
}

static void say_end(int how, char *ret, size_t cap) {
    if (WIFSIGNALED(how))
        snprintf(ret, cap, "crashed: %s", strsignal(WTERMSIG(how)));
    else
        snprintf(ret, cap, "ended with code %d", WEXITSTATUS(how));
}

void rg_sensor_child_stop(rg_sensor_child *child, int grace_ms, char *ret_how, size_t cap) {
    int how = 0;
    if (ret_how && cap)
        *ret_how = '\0';
    if (child->fd >= 0)
        close(child->fd);
    if (child->pid > 0 && waitpid(child->pid, &how, WNOHANG) == child->pid) {
        if (ret_how)
            say_end(how, ret_how, cap);
    } else if (child->pid > 0) {
        kill(-child->pid, SIGTERM);
        for (int waited_ms = 0; waitpid(child->pid, NULL, WNOHANG) == 0; waited_ms += 5) {
            if (waited_ms >= grace_ms)
                kill(-child->pid, SIGKILL);
            nanosleep(&(struct timespec){0, 5000000}, NULL);
        }
    }
    if (child->pid > 0)
        kill(-child->pid, SIGKILL); /* what it may have left behind */
    *child = (rg_sensor_child)RG_NO_CHILD;
}

void rg_sensor_child_shell(const void *command, int out) {
    if (dup2(out, 1) >= 0)
        execl("/bin/sh", "sh", "-c", (const char *)command, (char *)NULL);
    _exit(127);
}
