/* worker.h: the child process: one job, then exit. Started by the supervisor as `railgauge worker`
 * with a socket and shared memory (job.h); never by people. */
#ifndef RG_RUN_WORKER_H
#define RG_RUN_WORKER_H

/* Reads the job, does it, reports. Returns the process's exit code: 0 when a final message was
 * sent, whatever its status; 64 when this process was not started by a supervisor. */
int rg_worker_main(void);

#endif
