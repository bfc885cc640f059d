/* A CPU with memory, an IDT, a stack and a VMCS, without a node: what is
 * taken at a boundary, and what an op or a delivery does to the state. */
#ifndef MODELS_CPU_TEST_CPU_RIG_H
#define MODELS_CPU_TEST_CPU_RIG_H

#include "models/cpu/cpu.h"
#include "tests/gtest_c.h"

#define IDT_AT UINT64_C(0x10000)
#define STACK_AT UINT64_C(0x20000)
#define MSR_BITMAP_AT UINT64_C(0x30000)
#define HOST_RIP rip_of(900)
#define HOST_RSP UINT64_C(0x40000)
#define HANDLER(vector) rip_of(1000u + (vector))
#define CODE rip_of(100)

#define EXTERNAL(vector) (INTR_INFO_VALID | (vector))
#define EXCEPTION(vector)                                                      \
    (INTR_INFO_VALID | INTR_TYPE_HARDWARE_EXCEPTION << 8 | (vector))
#define FAULT_WITH_CODE(vector) (EXCEPTION(vector) | INTR_INFO_ERROR_CODE)

enum gate_type { GATE_INTERRUPT = 0xe, GATE_TRAP = 0xf, GATE_CALL = 0xc };

struct rig {
    struct mem mem;
    struct mem_page page[32];
    struct vmcs vmcs;
    struct cpu cpu;
};

struct rig_gate {
    uint8_t vector;
    enum gate_type type;
    bool absent;
};

static inline void rig_put_gate(struct mem *m, struct rig_gate g,
                                uint64_t offset)
{
    uint64_t at = IDT_AT + 16u * g.vector;
    uint64_t low = (offset & 0xffff) | (offset & 0xffff0000) << 32;

    low |= (uint64_t)g.type << 40 | (uint64_t)!g.absent << 47;
    mem_write64(m, at, low);
    mem_write64(m, at + 8, offset >> 32);
}

static inline void rig_gate(struct rig *r, uint8_t vector, enum gate_type type)
{
    rig_put_gate(&r->mem, (struct rig_gate){vector, type, false},
                 HANDLER(vector));
}

static inline void rig_no_gate(struct rig *r, uint8_t vector)
{
    rig_put_gate(&r->mem, (struct rig_gate){vector, GATE_INTERRUPT, true},
                 HANDLER(vector));
}

static inline void rig_set(struct rig *r, enum vmcs_field f, uint64_t bits)
{
    vmcs_set(&r->vmcs, f, vmcs_get(&r->vmcs, f) | bits);
}

static inline uint64_t rig_get(const struct rig *r, enum vmcs_field f)
{
    return vmcs_get(&r->vmcs, f);
}

/* A present interrupt gate for each vector, the CPU at CODE in root operation
 * with IF = 1, a VMCS whose guest is the same. */
static inline void rig_init(struct rig *r)
{
    mem_init(&r->mem, r->page, 32);
    for (unsigned v = 0; v < 256; v++)
        rig_gate(r, (uint8_t)v, GATE_INTERRUPT);
    r->cpu.vmx = vmx_capabilities_of(vmx_all_features(), 5);
    r->cpu.uintr.supported = true;
    cpu_reset(&r->cpu, CODE, STACK_AT);
    r->cpu.rflags |= RFLAGS_IF;
    r->cpu.idtr = (struct cpu_idtr){IDT_AT, 0xfff};
    r->cpu.vmx_on = true;
    r->cpu.vmcs = &r->vmcs;
    vmcs_init(&r->vmcs);
    vmcs_set(&r->vmcs, VMCS_HOST_RIP, HOST_RIP);
    vmcs_set(&r->vmcs, VMCS_HOST_RSP, HOST_RSP);
    vmcs_set(&r->vmcs, VMCS_HOST_IDTR_BASE, IDT_AT);
    vmcs_set(&r->vmcs, VMCS_GUEST_RIP, CODE);
    vmcs_set(&r->vmcs, VMCS_GUEST_RSP, STACK_AT);
    vmcs_set(&r->vmcs, VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    vmcs_set(&r->vmcs, VMCS_GUEST_IDTR_BASE, IDT_AT);
    vmcs_set(&r->vmcs, VMCS_GUEST_IDTR_LIMIT, 0xfff);
}

static inline void rig_check(const struct rig *r)
{
    EXPECT_STREQ(cpu_check(&r->cpu), NULL);
}

/* VMLAUNCH or VMRESUME. */
static inline enum vm_instruction_error
rig_entry(struct rig *r, enum op_kind kind, bool *failure)
{
    struct op op = {.kind = (uint8_t)kind};

    return cpu_vm_entry(&r->cpu, &r->mem, &op, failure);
}

static inline enum vm_instruction_error rig_launch(struct rig *r)
{
    bool entry_failure;
    enum vm_instruction_error e = rig_entry(r, OP_VMLAUNCH, &entry_failure);

    EXPECT_FALSE(entry_failure, "the guest's state is refused");
    return e;
}

/* VMLAUNCH that has to succeed. */
static inline void rig_enter(struct rig *r)
{
    ASSERT_EQ(rig_launch(r), VMERR_NONE);
    ASSERT_TRUE(r->cpu.non_root);
}

/* The delivery of what the entry injects. */
static inline struct cpu_result rig_inject(struct rig *r)
{
    struct cpu_vectored e;

    EXPECT_TRUE(cpu_entry_injects(&r->cpu, &e), "nothing to inject");
    return cpu_deliver(&r->cpu, &r->mem, &e);
}

static inline struct cpu_result rig_deliver(struct rig *r, uint8_t vector,
                                            enum intr_type type)
{
    bool exception = type == INTR_TYPE_HARDWARE_EXCEPTION;
    struct cpu_vectored e = {
        .vector = vector,
        .type = (uint8_t)type,
        .has_error_code = exception && cpu_has_error_code(vector),
        .return_rip = r->cpu.rip,
    };

    return cpu_deliver(&r->cpu, &r->mem, &e);
}

static inline struct cpu_result rig_op(struct rig *r, enum op_kind kind,
                                       uint64_t imm)
{
    struct op op = {.kind = (uint8_t)kind, .imm = imm};

    return cpu_execute(&r->cpu, &r->mem, &op);
}

/* Does the op exit instead of executing? */
static inline bool rig_intercepts(struct rig *r, enum op_kind kind,
                                  uint64_t imm, struct cpu_exit *x)
{
    struct op op = {.kind = (uint8_t)kind, .imm = imm};

    return cpu_intercepts(&r->cpu, &r->mem, &op, x);
}

/* The n-th of the 8-byte words on the stack. */
static inline uint64_t rig_stack(struct rig *r, unsigned n)
{
    return mem_read64(&r->mem, r->cpu.rsp + 8 * n);
}

#endif
