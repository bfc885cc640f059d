/* Keys of latencies: "latency_ns.<from>..<to>.<what>". */
#ifndef SIM_REPORT_LATENCY_KEY_H
#define SIM_REPORT_LATENCY_KEY_H

#include <stdbool.h>

#include "sim/core/irq.h"
#include "sim/report/figures.h"

struct latency_key {
    enum hop from, to;
    char what[16]; /* "mean", "p99", ... */
};

/* False if `key` is no latency between two known hops. */
bool latency_key_parse(struct latency_key *k, const char *key);

/* The key of the same latency for another `what`. */
void latency_key_make(char out[FIGURE_KEY], const struct latency_key *k,
                      const char *what);

/* The write, expiry or edge that an interrupt comes from. */
bool latency_is_birth(enum hop hop);

/* Where the final consumer of what is born so handles it. */
enum hop latency_handler(enum hop birth);

/* From an interrupt's birth to its final consumer's handler. */
bool latency_end_to_end(const struct latency_key *k);

/* One step of the way to the handler, which is neither the whole way nor
 * after it. */
bool latency_is_step(const struct latency_key *k);

/* "msi_write", as sim/core/hops.def has it. */
const char *latency_hop_text(enum hop hop);

#endif
