/* A walk over ops.def: each op takes the cost that its row names, when every
 * cost is another prime. */
#include <string.h>

#include "models/cpu/test/node_rig.h"

enum { BEGIN = 1000, END };

#define WORK_CYCLES 37u
#define UITT_AT UINT64_C(0x38000)

static const struct op_row {
    const char *name;
    enum op_kind kind;
    size_t cost; /* where it stands in struct cpu_costs */
} op_rows[] = {
#define OP(name, mnemonic, cost, sentence)                                     \
    {#name, OP_##name, offsetof(struct cpu_costs, cost)},
#include "models/cpu/ops.def"
#undef OP
};

/* The row of cpu_costs.def that an op's row names, in cycles. */
static uint64_t row_cost(const struct op_row *row)
{
    struct cpu_costs costs = prime_costs();
    uint64_t cycles;

    memcpy(&cycles, (const char *)&costs + row->cost, sizeof cycles);
    return cycles;
}

static uint64_t operand(const struct node_rig *f, enum op_kind kind)
{
    switch (kind) {
    case OP_WORK:
        return WORK_CYCLES;
    case OP_JMP:
    case OP_JZ:
    case OP_JNZ:
        return rip_plus(rig_here(f), 1);
    case OP_LOAD:
    case OP_STORE:
    case OP_MOV_RSP:
        return STACK_AT;
    case OP_IN:
    case OP_OUT:
        return PORT;
    case OP_INT:
        return 0x80;
    case OP_RDMSR:
    case OP_WRMSR:
        return MSR_TPR;
    case OP_VMREAD:
    case OP_VMWRITE:
        return vmcs_encoding(VMCS_GUEST_RIP);
    default:
        return 0;
    }
}

/* What an op takes beyond its row. */
static uint64_t extra(enum op_kind kind)
{
    switch (kind) {
    case OP_WORK:
        return WORK_CYCLES;
    case OP_LOAD:
    case OP_STORE:
        return COST_OF(mem_access);
    case OP_IN:
    case OP_OUT:
        return PORT_CYCLES; /* the round trip, rounded up */
    case OP_VMLAUNCH:
        return COST_OF(vm_entry);
    case OP_VMRESUME: /* refused, but that takes a VM entry too */
        return COST_OF(vm_entry);
    default:
        return 0;
    }
}

static bool in_vmx_operation(enum op_kind kind)
{
    return kind >= OP_VMXOFF && kind <= OP_VMCALL;
}

static bool takes_vmcs(enum op_kind kind)
{
    return kind == OP_VMPTRLD || kind == OP_VMCLEAR;
}

/* Entry 0 of a UITT; its UPID suppresses notifications. */
static void enable_user_interrupts(struct node_rig *f)
{
    mem_write64(&f->mem, UITT_AT, UITTE_VALID);
    mem_write64(&f->mem, UITT_AT + 8, UITT_AT + 64);
    mem_write64(&f->mem, UITT_AT + 64, UPID_SN);
    f->node.cpu.uintr.enabled = true;
    f->node.cpu.uintr.tt = UITT_AT | UINTR_TT_ENABLE;
}

static void prepare(struct node_rig *f, enum op_kind kind, uint64_t end)
{
    static const struct cpu_idtr idtr = {IDT_AT, 0xfff};

    rig_gate_to(f, 0x80, end);
    rig_gate_to(f, VECTOR_DB, end);
    rig_gate_to(f, VECTOR_BP, end);
    mem_write64(&f->mem, STACK_AT, end);
    mem_write64(&f->mem, STACK_AT + 16, RFLAGS_FIXED);
    mem_write64(&f->mem, STACK_AT + 24, STACK_AT);
    vmcs_set(&f->vmcs, VMCS_GUEST_RIP, end);
    f->node.cpu.gpr[RAX] = kind == OP_INT_REG ? 0x80 : 0;
    f->node.cpu.idtr = idtr;
    f->node.cpu.vmx_on = in_vmx_operation(kind);
    f->node.cpu.vmcs = &f->vmcs;
    if (kind == OP_UIRET) /* its frame is another one */
        mem_write64(&f->mem, STACK_AT + 16, STACK_AT);
    enable_user_interrupts(f);
}

TEST_EACH(cpu_cost, is_the_one_that_the_ops_row_names, struct op_row, op_rows)
{
    static struct node_rig rig;
    struct node_rig *f = &rig;
    uint64_t boot, end;
    struct op *op;

    if (row->kind == OP_HLT)
        return; /* see cpu_node_alone */
    *f = (struct node_rig){0};
    rig_init(f);
    boot = rig_here(f);
    rig_emit_note(f, BEGIN);
    op = rig_emit(f, row->kind, operand(f, row->kind));
    op->self = takes_vmcs(row->kind) ? (void *)&f->vmcs : (void *)f;
    op->fn = rig_note;
    end = rig_here(f);
    rig_emit_note(f, END);
    rig_emit_end(f);
    rig_start(f, boot, false);
    prepare(f, row->kind, end);
    rig_run(f, 10000);
    EXPECT_EQ(f->note[f->notes - 1].what, END);
    EXPECT_EQ((f->note[f->notes - 1].time - f->note[0].time) / PERIOD,
              row_cost(row) + extra(row->kind));
    rig_audit(f);
}

/* ---- accesses ---- */

static const struct access_row {
    const char *name;
    enum op_kind kind;
    uint64_t addr;
    enum cost_number cost; /* COSTS: the round trip to the device */
} access_rows[] = {
    {"load_memory", OP_LOAD, STACK_AT, COST_mem_access},
    {"store_memory", OP_STORE, STACK_AT, COST_mem_access},
    {"load_apic", OP_LOAD, APIC_AT + 0x80, COST_mmio_read},
    {"store_apic", OP_STORE, APIC_AT + 0x80, COST_mmio_write},
    {"load_device_rounded_up", OP_LOAD, DEVICE_AT, COSTS},
    {"store_device", OP_STORE, DEVICE_AT, COST_mmio_write},
};

TEST_EACH(cpu_cost, of_an_access_is_that_of_the_place, struct access_row,
          access_rows)
{
    static struct node_rig rig;
    struct node_rig *f = &rig;
    uint64_t boot;

    *f = (struct node_rig){0};
    rig_init(f);
    boot = rig_here(f);
    rig_emit(f, row->kind, row->addr);
    rig_emit_note(f, END);
    rig_emit_end(f);
    rig_start(f, boot, false);
    rig_run(f, 10000);
    EXPECT_EQ(rig_noted_at(f, 0, END),
              row->cost == COSTS ? DEVICE_READ_CYCLES : cost_primes[row->cost]);
    rig_audit(f);
}

TEST(cpu_access, is_64_bits_to_memory_and_32_to_registers)
{
    static struct node_rig rig;
    struct node_rig *f = &rig;
    uint64_t boot;

    *f = (struct node_rig){0};
    rig_init(f);
    boot = rig_here(f);
    rig_emit(f, OP_MOV, UINT64_C(0x1122334455667788));
    rig_emit(f, OP_STORE, STACK_AT + 64);
    rig_emit(f, OP_STORE, DEVICE_AT);
    rig_emit(f, OP_MOV, 0);
    rig_emit(f, OP_LOAD, STACK_AT + 64);
    rig_emit_note(f, 1);
    rig_emit(f, OP_LOAD, DEVICE_AT);
    rig_emit_note(f, 2);
    rig_emit_end(f);
    rig_start(f, boot, false);
    rig_run(f, 10000);
    EXPECT_EQ(rig_noted(f, 0, 1)->rax, UINT64_C(0x1122334455667788));
    EXPECT_EQ(rig_noted(f, 1, 2)->rax, DEVICE_VALUE);
    EXPECT_EQ(f->device, 0x55667788);
}
