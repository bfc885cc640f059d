/* NMI, SMI, INIT, SIPI and ExtINT outside VMX: which comes first, what blocks
 * which, and what they do. */
#include "models/cpu/test/cpu_rig.h"

struct cpu_signal {
    struct rig r;
};

static void cpu_signal_setup(struct cpu_signal *f)
{
    rig_init(&f->r);
    f->r.cpu.vmx_on = false;
}

static void cpu_signal_teardown(struct cpu_signal *f)
{
    rig_check(&f->r);
}

TEST_F(cpu_signal, smi_comes_before_init_before_nmi_before_extint_before_intr)
{
    struct cpu *c = &f->r.cpu;

    c->smi = c->init = c->nmi = c->extint = c->intr = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_SMI);
    c->smi = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_INIT);
    c->init = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NMI_DELIVERY);
    c->nmi = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_EXTINT_DELIVERY);
    c->extint = false;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_INTR_DELIVERY);
}

TEST_F(cpu_signal, only_maskable_interrupts_need_if)
{
    struct cpu *c = &f->r.cpu;

    rig_op(&f->r, OP_CLI, 0);
    c->extint = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NONE);
    c->nmi = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NMI_DELIVERY);
}

TEST_F(cpu_signal, nmi_blocks_the_next_until_iret)
{
    struct cpu *c = &f->r.cpu;
    struct cpu_vectored e;

    c->nmi = true;
    e = cpu_take_nmi(c);
    EXPECT_EQ(e.vector, VECTOR_NMI);
    EXPECT_EQ(e.type, INTR_TYPE_NMI);
    cpu_deliver(c, &f->r.mem, &e);
    EXPECT_EQ(c->rip, HANDLER(2));
    EXPECT_FALSE(cpu_if(c), "its gate is an interrupt gate");
    c->nmi = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NONE);
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(c->rip, CODE);
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NMI_DELIVERY);
}

TEST_F(cpu_signal, any_iret_unblocks_nmis)
{
    struct cpu *c = &f->r.cpu;

    rig_deliver(&f->r, 0x31, INTR_TYPE_EXTERNAL);
    c->nmi_blocking = c->nmi = true;
    rig_op(&f->r, OP_IRET, 0);
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NMI_DELIVERY);
}

TEST_F(cpu_signal, nmi_waits_in_the_shadow_of_sti_and_of_mov_ss)
{
    struct cpu *c = &f->r.cpu;

    c->nmi = true;
    rig_op(&f->r, OP_CLI, 0);
    rig_op(&f->r, OP_STI, 0);
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NONE);
    rig_op(&f->r, OP_NOP, 0);
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NMI_DELIVERY);
    c->mov_ss_blocking = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NONE);
}

TEST_F(cpu_signal, nmi_leaves_shutdown)
{
    f->r.cpu.activity = ACTIVITY_SHUTDOWN;
    f->r.cpu.nmi = true;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NMI_DELIVERY);
}

TEST_F(cpu_signal, nothing_but_a_sipi_ends_wait_for_sipi)
{
    struct cpu *c = &f->r.cpu;

    c->activity = ACTIVITY_WAIT_FOR_SIPI;
    c->smi = c->init = c->nmi = c->extint = c->intr = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_NONE);
}

TEST_F(cpu_signal, init_waits_in_vmx_operation)
{
    f->r.cpu.vmx_on = f->r.cpu.init = true;
    EXPECT_EQ(cpu_recognize(&f->r.cpu), CPU_EVENT_NONE);
}

TEST_F(cpu_signal, init_of_an_application_processor_waits_for_sipi)
{
    struct cpu *c = &f->r.cpu;

    c->gpr[RCX] = 7;
    c->frames = 1;
    c->nmi = c->nmi_blocking = c->init = true;
    c->intr = c->extint = c->smi = true;
    cpu_init(c, &f->r.mem, false);
    EXPECT_EQ(c->activity, ACTIVITY_WAIT_FOR_SIPI);
    EXPECT_TRUE(c->extint, "the line is the 8259's");
    EXPECT_FALSE(cpu_if(c));
    EXPECT_EQ(c->gpr[RCX], 0);
    EXPECT_EQ(c->frames, 0);
    EXPECT_FALSE(c->nmi || c->nmi_blocking || c->init);
    EXPECT_TRUE(c->intr, "the line is the APIC's");
    EXPECT_TRUE(c->smi, "SMIs stay latched");
}

TEST_F(cpu_signal, init_of_the_boot_processor_goes_to_the_reset_vector)
{
    mem_write64(&f->r.mem, CPU_RESET_VECTOR, rip_of(77));
    cpu_init(&f->r.cpu, &f->r.mem, true);
    EXPECT_EQ(f->r.cpu.activity, ACTIVITY_ACTIVE);
    EXPECT_EQ(f->r.cpu.rip, rip_of(77));
}

TEST_F(cpu_signal, sipi_starts_at_the_page_of_its_vector)
{
    struct cpu *c = &f->r.cpu;

    mem_write64(&f->r.mem, 0x08000, rip_of(77));
    cpu_init(c, &f->r.mem, false);
    EXPECT_TRUE(cpu_sipi(c, &f->r.mem, 0x08));
    EXPECT_EQ(c->activity, ACTIVITY_ACTIVE);
    EXPECT_EQ(c->rip, rip_of(77));
}

TEST_F(cpu_signal, sipi_is_lost_unless_the_cpu_waits_for_it)
{
    struct cpu *c = &f->r.cpu;

    mem_write64(&f->r.mem, 0x08000, rip_of(77));
    mem_write64(&f->r.mem, 0x09000, rip_of(78));
    EXPECT_FALSE(cpu_sipi(c, &f->r.mem, 0x08), "before INIT");
    cpu_init(c, &f->r.mem, false);
    EXPECT_EQ(c->activity, ACTIVITY_WAIT_FOR_SIPI, "none was latched");
    cpu_sipi(c, &f->r.mem, 0x08);
    EXPECT_FALSE(cpu_sipi(c, &f->r.mem, 0x09), "the second one");
    EXPECT_EQ(c->rip, rip_of(77));
}

TEST_F(cpu_signal, sipi_to_a_page_without_code_shuts_down)
{
    cpu_init(&f->r.cpu, &f->r.mem, false);
    EXPECT_TRUE(cpu_sipi(&f->r.cpu, &f->r.mem, 0x55));
    EXPECT_EQ(f->r.cpu.activity, ACTIVITY_SHUTDOWN);
}

TEST_F(cpu_signal, extint_exits_where_interrupts_do)
{
    struct cpu *c = &f->r.cpu;

    c->vmx_on = true;
    rig_set(&f->r, VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
    rig_enter(&f->r);
    c->extint = c->intr = true;
    EXPECT_EQ(cpu_recognize(c), CPU_EVENT_EXTINT_EXIT);
}
