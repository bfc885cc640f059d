/* The state of a machine as what may follow depends on it. */
#ifndef SIM_MACHINE_STATE_H
#define SIM_MACHINE_STATE_H

#include <stdint.h>

struct machine;

/*
 * Equal for machines that go on in the same way.  Times count from now on.
 * Left out, because nothing that happens depends on them: sequence numbers and
 * identities of interrupts, accounts, warnings and other statistics, and which
 * of several equal places something is kept in.
 */
uint64_t machine_hash(const struct machine *m);

#endif
