/* When NMI, SMI, INIT, SIPI, ExtINT and accesses to ports happen. */
#include "models/cpu/test/node_rig.h"

#define DELIVERY COST_OF(interrupt_delivery)
#define NMI 2
#define START_PAGE 0x09

enum { DONE = 1000, STARTED };

struct cpu_signal_node {
    struct node_rig r;
};

static void cpu_signal_node_setup(struct cpu_signal_node *f)
{
    rig_init(&f->r);
}

static void cpu_signal_node_teardown(struct cpu_signal_node *f)
{
    rig_audit(&f->r);
}

static void emit_handlers(struct node_rig *r)
{
    static const uint8_t vectors[] = {NMI, 0x31, PIC_VECTOR, PIC_SPURIOUS};

    for (unsigned i = 0; i < sizeof vectors; i++) {
        rig_gate_to(r, vectors[i], rig_here(r));
        rig_emit_note(r, vectors[i]);
        rig_emit(r, OP_WORK, HANDLER_WORK);
        rig_emit(r, OP_IRET, 0);
    }
}

/* WORK of 9000 cycles from cycle 0 on, then a note. */
static void start_work(struct node_rig *r, bool if_1)
{
    uint64_t boot;

    emit_handlers(r);
    boot = rig_here(r);
    rig_emit(r, OP_WORK, 9000);
    rig_emit_note(r, DONE);
    rig_emit_end(r);
    rig_start(r, boot, if_1);
}

static void sipi(struct node_rig *r, uint8_t vector)
{
    struct msg m = {.kind = MSG_LINE,
                    .line = {CORE_SIPI, .high = true, .vector = vector}};

    cpu_node_receive(&r->node, &m);
}

TEST_F(cpu_signal_node, nmi_cuts_work_with_interrupts_off)
{
    start_work(&f->r, false);
    rig_run(&f->r, 100);
    rig_core_line(&f->r, CORE_NMI, true);
    rig_run(&f->r, 30000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, NMI), 100 + DELIVERY);
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE),
              9000 + DELIVERY + HANDLER_WORK + COST_OF(iret));
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST), 9000);
}

TEST_F(cpu_signal_node, ten_nmis_in_the_handler_run_it_once_more)
{
    start_work(&f->r, false);
    rig_run(&f->r, 100);
    rig_core_line(&f->r, CORE_NMI, true);
    rig_run(&f->r, 100 + DELIVERY + 10);
    for (unsigned i = 0; i < 10; i++)
        rig_core_line(&f->r, CORE_NMI, true);
    rig_run(&f->r, 30000);
    EXPECT_EQ(rig_noted_at(&f->r, 1, NMI),
              100 + 2 * DELIVERY + HANDLER_WORK + COST_OF(iret));
    EXPECT_EQ(rig_noted(&f->r, 0, NMI)->rip, rig_noted(&f->r, 1, NMI)->rip,
              "before the op at the return address executes");
    rig_noted(&f->r, 2, DONE);
}

TEST_F(cpu_signal_node, nmi_wakes_a_halted_cpu)
{
    uint64_t boot;

    emit_handlers(&f->r);
    boot = rig_here(&f->r);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, false);
    rig_run(&f->r, 100);
    rig_core_line(&f->r, CORE_NMI, true);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, NMI), 100 + COST_OF(hlt_wake) + DELIVERY);
}

TEST_F(cpu_signal_node, extint_takes_inta_cycles_and_the_8259s_vector)
{
    start_work(&f->r, true);
    rig_run(&f->r, 100);
    rig_extint(&f->r, true);
    rig_run(&f->r, 30000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, PIC_VECTOR), 100 + INTA_CYCLES + DELIVERY);
    EXPECT_EQ(rig_share(&f->r, SHARE_GUEST_IRQ),
              INTA_CYCLES + DELIVERY + HANDLER_WORK + COST_OF(iret));
    EXPECT_EQ(f->r.irqs.count[SOURCE_A].delivered, 1);
    EXPECT_EQ(f->r.finishes, 1, "automatic EOI: its handler is its end");
}

TEST_F(cpu_signal_node, extint_comes_before_the_apics_interrupt)
{
    start_work(&f->r, true);
    rig_run(&f->r, 100);
    rig_raise(&f->r, 0x31, SOURCE_B);
    rig_extint(&f->r, true);
    rig_run(&f->r, 30000);
    rig_noted(&f->r, 0, PIC_VECTOR);
    rig_noted(&f->r, 1, 0x31);
}

TEST_F(cpu_signal_node,
       request_that_falls_during_inta_gives_the_spurious_vector)
{
    start_work(&f->r, true);
    rig_run(&f->r, 100);
    rig_extint(&f->r, true);
    rig_run(&f->r, 100 + INTA_CYCLES - 1);
    rig_extint(&f->r, false);
    rig_run(&f->r, 30000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, PIC_SPURIOUS),
              100 + INTA_CYCLES + DELIVERY);
    EXPECT_EQ(f->r.irqs.count[SOURCE_A].dropped, 1);
}

TEST_F(cpu_signal_node, request_that_falls_with_if_0_is_never_seen)
{
    start_work(&f->r, false);
    rig_run(&f->r, 100);
    rig_extint(&f->r, true);
    rig_run(&f->r, 200);
    rig_extint(&f->r, false);
    rig_run(&f->r, 30000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, DONE), 9000);
}

TEST_F(cpu_signal_node, smi_takes_time_and_changes_nothing)
{
    start_work(&f->r, false);
    rig_run(&f->r, 100);
    rig_core_line(&f->r, CORE_SMI, true);
    rig_core_line(&f->r, CORE_NMI, true);
    rig_run(&f->r, 100 + COST_OF(smi) - 1);
    for (unsigned i = 0; i < 3; i++)
        rig_core_line(&f->r, CORE_SMI, true);
    rig_run(&f->r, 30000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, NMI), 100 + 2 * COST_OF(smi) + DELIVERY,
              "one SMI is pending at most, and an NMI waits for RSM");
    EXPECT_EQ(rig_noted_at(&f->r, 1, DONE), 9000 + 2 * COST_OF(smi) + DELIVERY +
                                                HANDLER_WORK + COST_OF(iret));
}

TEST_F(cpu_signal_node, smi_returns_to_hlt)
{
    uint64_t boot = rig_here(&f->r);

    rig_emit_end(&f->r);
    rig_emit_note(&f->r, DONE);
    rig_start(&f->r, boot, false);
    rig_run(&f->r, 100);
    rig_core_line(&f->r, CORE_SMI, true);
    rig_run(&f->r, 10000);
    EXPECT_EQ(f->r.node.cpu.activity, ACTIVITY_HLT);
    EXPECT_EQ(f->r.notes, 0);
}

/* ---- INIT and SIPI ---- */

static void put_code_at_start_page(struct node_rig *r)
{
    mem_write64(&r->mem, START_PAGE * MEM_PAGE_BYTES, rig_here(r));
    rig_emit(r, OP_MOV_RSP, HOST_STACK_AT);
    rig_emit_note(r, STARTED);
    rig_emit_end(r);
}

TEST_F(cpu_signal_node, init_sipi_sipi_starts_an_application_processor_once)
{
    start_work(&f->r, true);
    put_code_at_start_page(&f->r);
    rig_run(&f->r, 100);
    rig_core_line(&f->r, CORE_INIT, true);
    rig_run(&f->r, 2000);
    EXPECT_EQ(f->r.inits, 1, "its APIC too");
    EXPECT_EQ(f->r.node.cpu.activity, ACTIVITY_WAIT_FOR_SIPI);
    sipi(&f->r, START_PAGE);
    rig_run(&f->r, 2001);
    sipi(&f->r, START_PAGE);
    rig_run(&f->r, 30000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, STARTED), 2000 + COST_OF(sipi));
    EXPECT_EQ(f->r.notes, 1);
    EXPECT_EQ(f->r.node.cpu.rsp, HOST_STACK_AT);
}

TEST_F(cpu_signal_node, cpu_that_was_never_started_waits_for_a_sipi)
{
    put_code_at_start_page(&f->r);
    rig_core_line(&f->r, CORE_NMI, true);
    rig_core_line(&f->r, CORE_INIT, true);
    rig_run(&f->r, 1000);
    EXPECT_EQ(f->r.inits, 0, "INIT is absorbed");
    sipi(&f->r, START_PAGE);
    EXPECT_TRUE(f->r.node.cpu.nmi, "the NMI stays latched");
    f->r.node.cpu.nmi = false;
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, STARTED), 1000 + COST_OF(sipi));
    EXPECT_EQ(rig_share(&f->r, SHARE_IDLE), 10000);
}

TEST_F(cpu_signal_node, init_sends_the_boot_processor_to_the_reset_vector)
{
    f->r.apic_base = APIC_BASE_BSP;
    start_work(&f->r, true);
    mem_write64(&f->r.mem, CPU_RESET_VECTOR, rig_here(&f->r));
    rig_emit_note(&f->r, STARTED);
    rig_emit_end(&f->r);
    rig_run(&f->r, 100);
    rig_core_line(&f->r, CORE_INIT, true);
    rig_run(&f->r, 30000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, STARTED), 100 + COST_OF(init));
}

/* ---- ports ---- */

TEST_F(cpu_signal_node, in_and_out_move_a_byte_at_the_end_of_the_round_trip)
{
    uint64_t boot = rig_here(&f->r);

    rig_emit(&f->r, OP_MOV, 0x1234);
    rig_emit(&f->r, OP_OUT, PORT);
    rig_emit(&f->r, OP_IN, PORT);
    rig_emit_note(&f->r, DONE);
    rig_emit_end(&f->r);
    rig_start(&f->r, boot, false);
    rig_run(&f->r, PORT_CYCLES - 1);
    EXPECT_EQ(f->r.port, 0);
    rig_run(&f->r, PORT_CYCLES);
    EXPECT_EQ(f->r.port, 0x34);
    rig_run(&f->r, 10000);
    EXPECT_EQ(rig_noted_at(&f->r, 0, DONE), 2 * PORT_CYCLES);
    EXPECT_EQ(rig_noted(&f->r, 0, DONE)->rax, PORT_VALUE);
}
