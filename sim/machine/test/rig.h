/*
 * Machines for tests, and what to ask them.  The platform is like that of the
 * network benchmark: a 2.93 GHz core, a 133 MHz APIC, a 10 Gbit/s adapter.
 * Every test machine has at least two of what its rule is about.
 */
#ifndef SIM_MACHINE_TEST_RIG_H
#define SIM_MACHINE_TEST_RIG_H

#include <stdio.h>
#include <string.h>

#include "sim/machine/machine.h"
#include "sim/machine/machine_private.h"
#include "tests/gtest_c.h"

enum rig_variant { RIG_BARE_METAL, RIG_KVM, RIG_ELI_DELIVERY, RIG_ELI };

static const struct rig_variant_row {
    const char *name;
    enum rig_variant variant;
} rig_variants[] __attribute__((unused)) = {
    {"bare_metal", RIG_BARE_METAL},
    {"kvm", RIG_KVM},
    {"eli_delivery", RIG_ELI_DELIVERY},
    {"eli", RIG_ELI},
};

static inline struct cpu_costs rig_cpu_costs(void)
{
    return (struct cpu_costs){
        .vm_exit = 490,
        .vm_entry = 519,
        .interrupt_delivery = 200,
        .virtual_delivery = 200,
        .posted_processing = 300,
        .guest_timer = 100,
        .event_injection = 200,
        .fault_delivery = 200,
        .int_n = 150,
        .iret = 100,
        .cli = 5,
        .sti = 8,
        .smi = 300000,
        .init = 3000,
        .sipi = 2000,
        .hlt_wake = 2926,
        .pause = 9,
        .rdmsr = 100,
        .wrmsr = 100,
        .mmio_read = 100,
        .mmio_write = 60,
        .mem_access = 4,
        .mov_cr4 = 100,
        .mov_cr8 = 15,
        .vapic_read = 50,
        .vapic_write = 60,
        .vapic_eoi = 80,
        .vapic_icr = 100,
        .vmread = 13,
        .vmwrite = 12,
        .vmptrld = 75,
        .lidt = 50,
        .branch = 1,
        .senduipi = 383,
        .uiret = 10,
        .clui = 2,
        .stui = 32,
        .testui = 2,
        .user_notification = 400,
        .user_delivery = 300,
        .pollution_per_exit = 1300,
        .pollution_limit = 14000,
    };
}

static inline struct kvm_costs rig_kvm_costs(void)
{
    return (struct kvm_costs){
        .switch_out = 500,
        .switch_in = 491,
        .host_isr = 1500,
        .external_interrupt = 9500,
        .host_tick = 5000,
        .virtual_timer = 1500,
        .direct_timer = 500,
        .inject = 300,
        .open_window = 200,
        .interrupt_window = 800,
        .pv_eoi = 200,
        .nmi_window = 800,
        .eoi = 1000,
        .msr_access = 1000,
        .cr8_access = 900,
        .ept_violation = 3000,
        .tpr_below_threshold = 600,
        .apic_access = 2000,
        .apic_write = 700,
        .eoi_induced = 500,
        .post = 300,
        .host_ipi = 400,
        .exception = 1000,
        .hlt = 2000,
        .halt = 700,
        .halt_poll = 100,
        .wake = 3000,
        .context_switch = 2500,
        .preemption_timer = 500,
        .hypercall = 1500,
        .other = 1000,
    };
}

static inline struct platform rig_platform(void)
{
    return (struct platform){
        .clocks = {.core = 2930000000,
                   .apic = 133000000,
                   .apic_timer = 133000000,
                   .pcie = 250000000},
        .capabilities = {true, true, true, true, vmx_all_features()},
        .cpu = rig_cpu_costs(),
        .kvm = rig_kvm_costs(),
        .lapic = {.accept_to_intr = 3, .eoi_to_intr = 3, .icr_to_bus = 2},
        .ioapic = {.pin_to_message = 2, .eoi_to_message = 3},
        .pic = {.line_to_int = 2, .write_to_int = 3},
        .iommu = {.request_to_message = 4,
                  .entry_read = 70 * SIM_NS,
                  .descriptor_update = 100 * SIM_NS,
                  .queue_read = 75 * SIM_NS,
                  .status_write = 65 * SIM_NS},
        .pcie = {.dma_write = 250 * SIM_NS,
                 .msi_write = 250 * SIM_NS,
                 .intx_message = 230 * SIM_NS,
                 .mmio_read = 500 * SIM_NS,
                 .mmio_write = 200 * SIM_NS},
        .bus = {.msi_to_lapic = 60 * SIM_NS,
                .eoi_to_ioapic = 70 * SIM_NS,
                .inta = 700 * SIM_NS,
                .port_access = 600 * SIM_NS,
                .ipi = 60 * SIM_NS,
                .ipi_self = 20 * SIM_NS},
    };
}

/* What the guest sends through its adapter, and how it handles interrupts. */
static inline struct scenario_program
rig_program(enum scenario_program_kind kind)
{
    return (struct scenario_program){
        .kind = kind,
        .message_work_cycles = 1000,
        .critical_work_cycles = 120,
        .messages_per_doorbell = 16,
        .window = 100000,
        .handler_cycles = 1500,
        .completion_cycles = 50,
        .softirq_cycles = 2000,
        .timer_hz = 0,
        .timer_cycles = 2000,
    };
}

static inline struct scenario_device rig_device(void)
{
    return (struct scenario_device){
        .message = MESSAGE_MSIX,
        .vectors = 2,
        .moderation = 96 * SIM_US,
        .ack_moderation = 26 * SIM_US,
        .nic = {.line_rate = 10000000000,
                .message_bytes = 256,
                .complete_every = 16,
                .ack_every = 11,
                .round_trip = 20 * SIM_US},
    };
}

/* One more CPU with a VM of its own and one device assigned to it. */
static inline void rig_add_vm(struct scenario *s, enum rig_variant v,
                              enum scenario_program_kind kind)
{
    uint32_t i = s->vm_count++;
    struct scenario_vm *vm = &s->vm[i];

    s->machine.cpus++;
    s->program_count++;
    s->device_count++;
    s->program[i] = rig_program(kind);
    s->device[i] = rig_device();
    *vm = (struct scenario_vm){
        .hypervisor = v == RIG_BARE_METAL ? HYPERVISOR_NONE : HYPERVISOR_KVM,
        .cpu = i,
        .vcpus = 1,
        .pinned = true,
        .apic = APIC_MODE_X2APIC,
        .features = {.eli = v >= RIG_ELI_DELIVERY,
                     .eli_exitless_eoi = v == RIG_ELI,
                     .acknowledge_on_exit = true},
        .assigned_count = 1,
        .assigned = {i},
        .program = i,
    };
    snprintf(s->device[i].name, sizeof s->device[i].name, "nic%u", i);
    snprintf(vm->name, sizeof vm->name, "vm%u", i);
}

/* Two of everything; measured for 5 ms after 1 ms. */
static inline struct scenario rig_scenario(enum rig_variant v,
                                           enum scenario_program_kind kind)
{
    struct scenario s = {
        .platform = rig_platform(),
        .seed = 1,
        .machine = {.time_slice = 100 * SIM_US},
        .duration = 5 * SIM_MS,
        .warmup = 1 * SIM_MS,
    };

    rig_add_vm(&s, v, kind);
    rig_add_vm(&s, v, kind);
    return s;
}

/* The devices speak on their own instead: one vector each, unmoderated. */
static inline void rig_pulses(struct scenario *s, enum pulse_distribution how,
                              sim_time interval)
{
    for (uint32_t i = 0; i < s->device_count; i++) {
        struct scenario_device *d = &s->device[i];

        d->vectors = 1;
        d->moderation = 0;
        d->nic.pulse = how;
        d->nic.pulse_interval = interval;
    }
}

/* Remapping units, with a cache that is soon full. */
static inline struct scenario_iommu rig_iommu(uint32_t units, bool x2apic)
{
    return (struct scenario_iommu){.units = units,
                                   .entries = 256,
                                   .cache_entries = 16,
                                   .cache_ways = 4,
                                   .x2apic = x2apic,
                                   .source_check = true};
}

static inline void rig_without_devices(struct scenario *s)
{
    s->device_count = 0;
    for (uint32_t i = 0; i < s->vm_count; i++)
        s->vm[i].assigned_count = 0;
}

/* To the end of the n-th of many machines; `out` gets the figures.  What does
 * not add up fails the test. */
static inline void rig_finish_nth(struct machine *m, unsigned n,
                                  struct figures *out)
{
    const char *complaint;

    figures_init(out);
    machine_run(m, SIM_TIME_NEVER);
    complaint = machine_finish(m, out);
    EXPECT_TRUE(!complaint, "machine %u: %s", n, complaint ? complaint : "");
}

static inline void rig_finish(struct machine *m, struct figures *out)
{
    rig_finish_nth(m, 0, out);
}

/* Builds, runs and frees. */
static inline struct figures rig_run(const struct scenario *s)
{
    struct machine *m = machine_build(s);
    struct figures f;

    rig_finish(m, &f);
    machine_free(m);
    return f;
}

/* A count, 0 if it was not measured. */
static inline uint64_t rig_count(const struct figures *f, const char *key)
{
    const struct figure *figure = figures_find(f, key);

    return figure ? figure->count : 0;
}

static inline double rig_real(const struct figures *f, const char *key)
{
    const struct figure *figure = figures_find(f, key);

    return figure ? figure->real : 0;
}

/* Steps from event to event until `found` says so, or the end. */
static inline bool rig_run_until(struct machine *m,
                                 bool (*found)(struct machine *m))
{
    while (machine_next(m) <= machine_end(m)) {
        machine_run(m, machine_next(m));
        if (found(m))
            return true;
    }
    return false;
}

/* ---- devices that speak for a while ---- */

static inline void rig_talk(struct machine *m, bool on)
{
    for (unsigned i = 0; i < m->devices; i++)
        pcie_node_config_write(&m->device[i].fn, PCIE_AT_COMMAND, 2,
                               PCIE_COMMAND_MEMORY |
                                   (on ? PCIE_COMMAND_BUS_MASTER : 0));
}

/* Silence while the software boots, then pulses, then silence until nothing
 * is under way: every count is exact. */
static inline struct figures rig_exchange_on(struct machine *m)
{
    const struct scenario *s = m->scenario;
    struct figures f;

    rig_talk(m, false);
    machine_run(m, s->warmup);
    rig_talk(m, true);
    machine_run(m, s->warmup + s->duration * 3 / 4);
    rig_talk(m, false);
    rig_finish(m, &f);
    return f;
}

/* The same on a machine of its own.  `prepare` may be NULL. */
static inline struct figures rig_exchange(const struct scenario *s,
                                          void (*prepare)(struct machine *m))
{
    struct machine *m = machine_build(s);
    struct figures f;

    if (prepare)
        prepare(m);
    f = rig_exchange_on(m);
    machine_free(m);
    return f;
}

/* ---- programs of a test's own ---- */

/* The code appended from here on is the program of a CPU, instead of the
 * scenario's.  It begins with interrupts enabled. */
static inline uint64_t rig_code(struct machine *m, unsigned cpu)
{
    uint32_t i = rip_op(m->cpu[cpu].workload->boot);

    while (m->text.op[i].kind != OP_STI)
        i++;
    m->text.op[i + 1] = (struct op){.kind = OP_JMP, .imm = text_here(&m->text)};
    return text_here(&m->text);
}

static inline void rig_op(struct machine *m, enum op_kind kind, uint64_t imm)
{
    text_op(&m->text, kind, RAX, imm);
}

static inline void rig_wrmsr(struct machine *m, uint32_t msr, uint64_t value)
{
    rig_op(m, OP_MOV, value);
    rig_op(m, OP_WRMSR, msr);
}

/* Computes for ever. */
static inline void rig_spin(struct machine *m, uint64_t cycles)
{
    uint64_t loop = text_here(&m->text);

    rig_op(m, OP_WORK, cycles);
    rig_op(m, OP_JMP, loop);
}

static inline void rig_each_cpu(struct machine *m,
                                void (*code)(struct machine *m, unsigned cpu))
{
    for (unsigned i = 0; i < m->cpus; i++)
        code(m, i);
}

#endif
