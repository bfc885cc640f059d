/* What a guest does wrong is in the report under the rule's title, and the run
 * goes on to its end. */
#include "sim/machine/test/rig.h"
#include "sim/report/figure_names.h"

#define APIC UINT64_C(0xfee00000)
#define MSR_TPR 0x808u

static struct scenario scenario;

static struct machine *start(enum scenario_apic_mode apic)
{
    scenario = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    scenario.machine.ioapic.pins = 24;
    for (uint32_t i = 0; i < scenario.vm_count; i++)
        scenario.vm[i].apic = apic;
    return machine_build(&scenario);
}

static void loop(struct machine *m)
{
    rig_op(m, OP_WORK, 1000);
    rig_op(m, OP_JMP, text_here(&m->text) - rip_of(1));
}

static void load(struct machine *m, uint64_t addr)
{
    rig_op(m, OP_LOAD, addr);
}

static void store(struct machine *m, uint64_t addr, uint64_t value)
{
    rig_op(m, OP_MOV, value);
    rig_op(m, OP_STORE, addr);
}

static void expect(const struct figures *f, const char *key, uint64_t times)
{
    EXPECT_EQ(rig_count(f, key), times, "%s", key);
}

/* To the end; every cycle of the run is accounted for. */
static struct figures finished(struct machine *m)
{
    struct figures f;

    rig_finish(m, &f);
    EXPECT_GT(rig_count(&f, "cycles.guest"), 0);
    machine_free(m);
    return f;
}

TEST(machine_warnings, of_a_guests_accesses_to_its_local_apic)
{
    struct machine *m = start(APIC_MODE_XAPIC);
    struct figures f;

    rig_code(m, 1);
    load(m, APIC + 0x040);
    store(m, APIC + LAPIC_VERSION, 1);
    store(m, APIC + LAPIC_TPR + 4, 1);
    load(m, APIC + LAPIC_EOI);
    store(m, APIC + LAPIC_ICR_LOW, 0x0f);
    loop(m);
    f = finished(m);
    expect(&f, "warnings.lapic.hole.cpu1", 1);
    expect(&f, "warnings.lapic.read_only.cpu1", 1);
    expect(&f, "warnings.lapic.access_width.cpu1", 1);
    expect(&f, "warnings.lapic.write_only.cpu1", 1);
    expect(&f, "warnings.lapic.illegal_vector.cpu1", 1);
    expect(&f, "warnings.lapic.hole.cpu0", 0);
    figures_free(&f);
}

TEST(machine_warnings, of_the_page_in_x2apic_mode_which_reads_all_ones)
{
    struct machine *m = start(APIC_MODE_X2APIC);
    struct figures f;

    rig_code(m, 1);
    store(m, APIC + LAPIC_TPR, 0x50);
    load(m, APIC + LAPIC_TPR);
    loop(m);
    machine_run(m, scenario.warmup);
    EXPECT_EQ(m->cpu[1].node.cpu.gpr[RAX], 0xffffffff);
    EXPECT_EQ(lapic_node_tpr(&m->cpu[1].lapic), 0, "the write was lost");
    f = finished(m);
    expect(&f, "warnings.lapic.page_mode.cpu1", 2);
    figures_free(&f);
}

TEST(machine_warnings, of_a_cpus_access_to_another_page_of_the_window)
{
    struct machine *m = start(APIC_MODE_XAPIC);
    struct figures f;

    rig_code(m, 1);
    store(m, 0xfee01000, 0x50);
    load(m, 0xfee01000);
    loop(m);
    machine_run(m, scenario.warmup);
    EXPECT_EQ(m->cpu[1].node.cpu.gpr[RAX], 0xffffffff);
    f = finished(m);
    expect(&f, "warnings.interrupt_window_accesses", 2);
    expect(&f, "interrupts.by_source.outside.sent", 0);
    figures_free(&f);
}

TEST(machine_warnings, of_an_msr_that_faults)
{
    struct machine *m = start(APIC_MODE_X2APIC);
    struct figures f;

    rig_code(m, 1);
    rig_wrmsr(m, MSR_TPR, 0x100);
    loop(m);
    f = finished(m);
    expect(&f, "warnings.lapic.msr_access.cpu1", 1);
    expect(&f, "warnings.cpu1.unexpected_faults", 1);
    figures_free(&f);
}

TEST(machine_warnings, of_a_guests_accesses_to_the_io_apic)
{
    struct machine *m = start(APIC_MODE_XAPIC);
    struct figures f;

    rig_code(m, 0);
    load(m, IOAPIC_BASE + 0x30);
    load(m, IOAPIC_BASE + 0x02);
    store(m, IOAPIC_BASE + IOAPIC_IOREGSEL, IOAPIC_AT_VERSION);
    store(m, IOAPIC_BASE + IOAPIC_IOWIN, 0);
    store(m, IOAPIC_BASE + IOAPIC_IOREGSEL, 0x50);
    load(m, IOAPIC_BASE + IOAPIC_IOWIN);
    loop(m);
    f = finished(m);
    expect(&f, "warnings.ioapic.hole", 1);
    expect(&f, "warnings.ioapic.access_width", 1);
    expect(&f, "warnings.ioapic.read_only", 1);
    expect(&f, "warnings.ioapic.index", 1);
    figures_free(&f);
}

TEST(machine_warnings, of_a_guests_accesses_to_the_8259s)
{
    struct machine *m;
    struct figures f;

    scenario = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    scenario.machine.ioapic.pins = 24;
    scenario.machine.pic.virtual_wire = VIRTUAL_WIRE_LINT0;
    for (uint32_t i = 0; i < scenario.device_count; i++) {
        scenario.device[i].message = MESSAGE_INTX;
        scenario.device[i].controller = i ? CONTROLLER_IOAPIC : CONTROLLER_PIC;
        scenario.device[i].pin = 16 + i;
        scenario.device[i].irq = 4 + i;
        scenario.device[i].vectors = 1;
        scenario.device[i].moderation = scenario.device[i].ack_moderation = 0;
    }
    m = machine_build(&scenario);
    rig_code(m, 0);
    rig_op(m, OP_MOV, 0x88); /* OCW3 with bit 7 */
    rig_op(m, OP_OUT, 0x20);
    loop(m);
    f = finished(m);
    expect(&f, "warnings.pic.ocw3_reserved", 1);
    figures_free(&f);
}

TEST(machine_warnings, of_a_guests_accesses_to_a_functions_bar)
{
    struct machine *m = start(APIC_MODE_XAPIC);
    struct figures f;

    rig_code(m, 0);
    load(m, BAR_BASE + BAR_STRIDE + 0x100);
    store(m, BAR_BASE + BAR_STRIDE + PCIE_MSIX_PBA_AT, 1);
    store(m, BAR_BASE + BAR_STRIDE + PCIE_MSIX_TABLE_AT + 8, 0x31);
    load(m, BAR_BASE + BAR_STRIDE + PCIE_MSIX_TABLE_AT + 2);
    loop(m);
    f = finished(m);
    expect(&f, "warnings.pcie.bar_hole.nic1", 1);
    expect(&f, "warnings.pcie.pba_write.nic1", 1);
    expect(&f, "warnings.pcie.unmasked.nic1", 1);
    expect(&f, "warnings.pcie.bar_width.nic1", 1);
    expect(&f, "warnings.pcie.bar_hole.nic0", 0);
    figures_free(&f);
}

TEST(machine_warnings, of_narrow_accesses_from_outside)
{
    struct machine *m = start(APIC_MODE_XAPIC);
    uint8_t byte = 1;
    struct figures f;

    machine_write(m, BAR_BASE + NIC_REG_TXDOORBELL, &byte, 1);
    machine_write(m, IOAPIC_BASE + IOAPIC_IOWIN, &byte, 1);
    f = finished(m);
    expect(&f, "warnings.pcie.bar_width.nic0", 1);
    expect(&f, "warnings.ioapic.access_width", 1);
    figures_free(&f);
}

TEST(machine_warnings, have_the_rule_as_their_label_in_every_report)
{
    static const struct {
        const char *key, *label;
    } row[] = {
        {"warnings.lapic.hole.cpu1",
         "Local APIC of cpu1. APIC page: reserved address, ESR bit 7"},
        {"warnings.ioapic.index",
         "I/O APIC. Indirect registers: nothing is at this index"},
        {"warnings.pic.hole",
         "8259A pair. Ports: no register is here, a read gives FFh, a write is "
         "lost"},
        {"warnings.pcie.pba_write.nic1",
         "Function nic1. Pending bit array: read-only, writes are ignored"},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char label[FIGURE_LABEL];

        figure_label(label, row[i].key);
        EXPECT_STREQ(label, row[i].label);
    }
}
