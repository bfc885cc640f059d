/* The verilated pair of 8259As, for the node of a machine. */
#ifndef SIM_SC_PIC_TWIN_H
#define SIM_SC_PIC_TWIN_H

#ifdef __cplusplus
extern "C" {
#endif

struct pic_node_config;
struct pic_twin;

/* A twin after power-up, for machine_build_with(). */
struct pic_twin pic_twin_make(const struct pic_node_config *c);

#ifdef __cplusplus
}
#endif

#endif
