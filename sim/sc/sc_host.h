/*
 * A whole run hosted by SystemC: a design of one virqsim_module.
 */
#ifndef SIM_SC_SC_HOST_H
#define SIM_SC_SC_HOST_H

#ifdef __cplusplus
extern "C" {
#endif

struct machine;

enum sc_host_status {
    SC_HOST_DONE,
    SC_HOST_USED,   /* SystemC builds one design a process: it has one */
    SC_HOST_FAILED, /* SystemC reported an error; its text is on stderr */
};

/* Told about a hundred times, with fractions that grow to 1. */
typedef void sc_host_progress_fn(void *ctx, double fraction);

/*
 * Simulates to machine_end(); `progress` may be NULL.  The machine was not
 * run yet and is not freed.  Nothing is written to standard output.
 */
enum sc_host_status sc_host_run(struct machine *m,
                                sc_host_progress_fn *progress, void *ctx);

#ifdef __cplusplus
}
#endif

#endif
