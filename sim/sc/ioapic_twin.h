/* The verilated I/O APIC, for the nodes of a machine. */
#ifndef SIM_SC_IOAPIC_TWIN_H
#define SIM_SC_IOAPIC_TWIN_H

#ifdef __cplusplus
extern "C" {
#endif

struct ioapic_node_config;
struct ioapic_twin;

/* A twin after power-up, for machine_build_with(); `c->pins` is a size that
 * ioapic_node_twin.h names. */
struct ioapic_twin ioapic_twin_make(const struct ioapic_node_config *c);

#ifdef __cplusplus
}
#endif

#endif
