/*
 * A machine, built from a checked scenario: the only code that knows all
 * models.  A machine is one arena; many can live in one process, each used by
 * one thread at a time.
 */
#ifndef SIM_MACHINE_MACHINE_H
#define SIM_MACHINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/core/mem.h"
#include "sim/core/sim_time.h"
#include "sim/explore/explore.h"
#include "sim/report/figures.h"
#include "sim/scenario/scenario.h"

struct machine;
struct lapic_node_config;
struct lapic_twin;
struct ioapic_node_config;
struct ioapic_twin;
struct pic_node_config;
struct pic_twin;
struct iommu_node_config;
struct iommu_twin;

/* Makers of the RTL twins that a scenario can ask for (sim/sc/twins.h).  They
 * are C++, and the C library does without. */
struct machine_twins {
    struct lapic_twin (*lapic)(const struct lapic_node_config *c);
    struct ioapic_twin (*ioapic)(const struct ioapic_node_config *c);
    struct pic_twin (*pic)(const struct pic_node_config *c);
    struct iommu_twin (*iommu)(const struct iommu_node_config *c);
};

/* Cannot fail: `s` was checked.  `s` must outlive the machine. */
struct machine *machine_build_with(const struct scenario *s,
                                   const struct machine_twins *twins);

/* The same from the C models alone; `s` asks for no RTL. */
struct machine *machine_build(const struct scenario *s);

/* The same with little memory, as its state is to be copied often: without
 * latencies, and nothing may write from outside. */
struct machine *machine_build_small(const struct scenario *s);
void machine_free(struct machine *m);

sim_time machine_now(const struct machine *m);

/* The time of the earliest thing to happen, or SIM_TIME_NEVER. */
sim_time machine_next(struct machine *m);

/* When the run is over: warm-up + duration. */
sim_time machine_end(const struct machine *m);

/* Runs everything up to and including `limit` (at most machine_end()); an
 * invariant that breaks ends the run there, and machine_finish() says which. */
void machine_run(struct machine *m, sim_time limit);

/*
 * A write that comes from outside arrives now, from a requester of its own: to
 * FEEx_xxxxh it is an MSI (one aligned doubleword; others are dropped and
 * counted), to a device's BAR or the I/O APIC's page a register write of 1, 2,
 * 4 or 8 bytes, else memory, of which 32 MiB can be touched from outside.  What
 * cannot be taken is refused: counted as a warning, without effect.
 * machine_read() is its counterpart; the interrupt range and refused reads give
 * all ones.
 */
void machine_write(struct machine *m, uint64_t addr, const void *data,
                   size_t bytes);
void machine_read(struct machine *m, uint64_t addr, void *data, size_t bytes);

/* The level of LINT0 or LINT1 (pin 0 or 1) of a CPU's local APIC. */
void machine_set_lint(struct machine *m, unsigned cpu, unsigned pin, bool high);

unsigned machine_cpus(const struct machine *m);

/* How many cycles its twins were clocked, all together. */
uint64_t machine_twin_cycles(const struct machine *m);

/* The level of INTR as the CPU sees it now. */
bool machine_intr(const struct machine *m, unsigned cpu);

/* Memory accesses of CPUs and devices inside this range go there. */
void machine_set_outside(struct machine *m, const struct mem_outside *outside);

/* NULL, or why no machine of this scenario can be explored. */
const char *machine_unexplorable(const struct scenario *s);

/*
 * Runs the machine in every order of events that the limits allow, from where
 * it is up to machine_end().  The machine is then where it was.
 */
void machine_explore(struct machine *m, const struct explore_limits *l,
                     struct explore_result *result);

/*
 * After the last machine_run(): checks conservation of interrupts and the
 * accounting of cycles, then appends the figures.  Returns NULL, or in words
 * what does not add up (valid until machine_free()).
 */
const char *machine_finish(struct machine *m, struct figures *out);

#endif
