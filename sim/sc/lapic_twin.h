/* The verilated local APIC, for the nodes of a machine. */
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
