/* The node's part of user interrupts: which one is which, from SENDUIPI to the
 * user's handler.  For the CPU node only. */
#ifndef MODELS_CPU_CPU_UINTR_NODE_H
#define MODELS_CPU_CPU_UINTR_NODE_H

#include "models/cpu/cpu_node.h"

/* The SENDUIPI of the step that ends now has posted a user interrupt. */
void cpu_uintr_node_sent(struct cpu_node *n, const struct uintr_sent *sent);

/* Notification processing has moved these user vectors to UIRR. */
void cpu_uintr_node_notified(struct cpu_node *n, uint64_t vectors);

/* The user interrupt that is due is delivered. */
struct cpu_result cpu_uintr_node_deliver(struct cpu_node *n);

/* Software or INIT has written UIRR: what it no longer asks for is lost. */
void cpu_uintr_node_changed(struct cpu_node *n);

void cpu_uintr_node_each_held(const struct cpu_node *n,
                              void (*each)(void *ctx, irq_id id), void *ctx);

#endif
