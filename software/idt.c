/* Gates of an interrupt descriptor table. */
#include "software/idt.h"

#define GATE_PRESENT (UINT64_C(1) << 47)
#define GATE_INTERRUPT (UINT64_C(0xe) << 40)
#define GATE_DPL_3 (UINT64_C(3) << 45)

static uint64_t gate_at(uint64_t idt, uint8_t vector)
{
    return idt + IDT_GATE_BYTES * vector;
}

void idt_set_gate(struct mem *m, uint64_t idt, uint8_t vector, uint64_t rip)
{
    uint64_t low = (rip & 0xffff) | (rip & 0xffff0000) << 32;

    mem_write64(m, gate_at(idt, vector), low | GATE_PRESENT | GATE_INTERRUPT);
    mem_write64(m, gate_at(idt, vector) + 8, rip >> 32);
}

void idt_set_user_gate(struct mem *m, uint64_t idt, uint8_t vector,
                       uint64_t rip)
{
    idt_set_gate(m, idt, vector, rip);
    mem_fetch_or64(m, gate_at(idt, vector), GATE_DPL_3);
}

void idt_set_present(struct mem *m, uint64_t idt, uint8_t vector, bool present)
{
    uint64_t low = mem_read64(m, gate_at(idt, vector)) & ~GATE_PRESENT;

    mem_write64(m, gate_at(idt, vector), low | (present ? GATE_PRESENT : 0));
}

void idt_copy_gate(struct mem *m, struct idt_gate_at to,
                   struct idt_gate_at from)
{
    uint64_t gate[2];

    mem_read(m, gate_at(from.idt, from.vector), gate, sizeof gate);
    mem_write(m, gate_at(to.idt, to.vector), gate, sizeof gate);
}
