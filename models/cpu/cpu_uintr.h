/* User interrupts at a CPU: the instructions and the delivery.  What is behind
 * them is in uintr.h. */
#ifndef MODELS_CPU_CPU_UINTR_H
#define MODELS_CPU_CPU_UINTR_H

#include "models/cpu/cpu.h"

#define CR4_UINTR (1u << 25)

/* Is this CLUI, STUI, TESTUI, UIRET, or MOV to CR4, which enables them? */
bool cpu_is_uintr(uint8_t kind);
struct cpu_result cpu_execute_uintr(struct cpu *c, struct mem *m,
                                    const struct op *op);

/* SENDUIPI; if *sent says so, a notification is to be sent. */
struct cpu_result cpu_senduipi(struct cpu *c, struct mem *m,
                               const struct op *op, struct uintr_sent *sent);

/* Is a user interrupt delivered before the next op, if nothing else is taken?
 * RFLAGS.IF and blocking by STI do not matter. */
bool cpu_user_interrupt_due(const struct cpu *c);

/* Delivers it: the frame on the user's stack, RIP at UIHANDLER. */
struct cpu_result cpu_deliver_user_interrupt(struct cpu *c, struct mem *m);

#endif
