/* Interrupt descriptor tables in simulated memory, 64-bit mode layout:
 * SDM vol. 3, "64-Bit Mode IDT". */
#ifndef SOFTWARE_IDT_H
#define SOFTWARE_IDT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/mem.h"

#define IDT_GATES 256u
#define IDT_GATE_BYTES 16u
#define IDT_LIMIT (IDT_GATES * IDT_GATE_BYTES - 1)

/* An interrupt gate, present, to the code at `rip`. */
void idt_set_gate(struct mem *m, uint64_t idt, uint8_t vector, uint64_t rip);

/* The same, for INT n at any privilege level. */
void idt_set_user_gate(struct mem *m, uint64_t idt, uint8_t vector,
                       uint64_t rip);

/* Sets or clears a gate's present bit; all else stays. */
void idt_set_present(struct mem *m, uint64_t idt, uint8_t vector, bool present);

struct idt_gate_at {
    uint64_t idt;
    uint8_t vector;
};

void idt_copy_gate(struct mem *m, struct idt_gate_at to,
                   struct idt_gate_at from);

#endif
