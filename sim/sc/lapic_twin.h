/*
 * The verilated local APIC, for the nodes of a machine.
 *
 * The RTL is clocked once for each call of the node, and at the ticks of the
 * APIC clock at which its delays run: those without a call are made up for
 * before the next one.  Ticks at which nothing can happen are passed over.
 */
#ifndef SIM_SC_LAPIC_TWIN_H
#define SIM_SC_LAPIC_TWIN_H

#ifdef __cplusplus
extern "C" {
#endif

struct lapic_node_config;
struct lapic_twin;

/* A twin after power-up, for machine_build_with(). */
struct lapic_twin lapic_twin_make(const struct lapic_node_config *c);

#ifdef __cplusplus
}
#endif

#endif
