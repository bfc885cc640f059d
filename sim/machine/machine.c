/* Building a machine from a scenario, and running it. */
#include "sim/machine/machine.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/machine/machine_private.h"

#define EVENTS_FIXED (FABRIC_MESSAGES + 64u)
#define EVENTS_PER_CPU 8u
#define EVENTS_PER_DEVICE 72u

uint16_t machine_add_source(struct machine *m, const char *format, ...)
{
    uint16_t source = irqs_add_source(&m->irqs);
    va_list ap;

    va_start(ap, format);
    vsnprintf(m->source_name[source], SOURCE_NAME, format, ap);
    va_end(ap);
    return source;
}

/* ---- connections ---- */

static void core_line(void *machine_cpu, const struct msg *msg)
{
    struct machine_cpu *c = machine_cpu;

    cpu_node_receive(&c->node, msg);
}

static uint32_t lapic_features(const struct platform *p)
{
    return (p->capabilities.x2apic ? LAPIC_HAS_X2APIC : 0u) |
           (p->capabilities.tsc_deadline ? LAPIC_HAS_TSC_DEADLINE : 0u);
}

void machine_add_twin(struct machine *m, const struct twin_calls *call,
                      void *of)
{
    assert(m->twins < TWINS);
    m->twin[m->twins++] = (struct twin){call, of};
}

static void build_lapic(struct machine *m, struct machine_cpu *c)
{
    unsigned i = c->index;
    struct lapic_node_config config = {
        .engine = &m->engine,
        .irqs = &m->irqs,
        .apic_clock = m->apic,
        .timer_clock = m->apic_timer,
        .tsc_clock = m->core,
        .costs = m->scenario->platform.lapic,
        .id = i,
        .bsp = i == 0,
        .features = lapic_features(&m->scenario->platform),
        .ipi_source = machine_add_source(m, "cpu%u.ipi", i),
        .timer_source = machine_add_source(m, "cpu%u.timer", i),
        .lint_source = machine_add_source(m, "cpu%u.lint", i),
        .bus = {fabric_from_lapic, c},
        .core = {core_line, c},
    };

    if (m->scenario->machine.lapic == IMPLEMENTATION_RTL) {
        config.twin = m->make_twin->lapic(&config);
        machine_add_twin(m, &config.twin.call->common, config.twin.of);
    }
    lapic_node_init(&c->lapic, &config);
}

static void build_cpu(struct machine *m, unsigned i)
{
    struct machine_cpu *c = &m->cpu[i];
    struct cpu_node_config config = {
        .engine = &m->engine,
        .irqs = &m->irqs,
        .posted = &m->posted_irqs,
        .clock = m->core,
        .costs = m->scenario->platform.cpu,
        .preemption_timer_shift = PREEMPTION_TIMER_SHIFT,
        .vmx = m->scenario->platform.capabilities.vmx,
        .user_interrupts = m->scenario->platform.capabilities.user_interrupts,
        .uiret_uif = m->scenario->platform.capabilities.uiret_uif,
        .text = m->text.op,
    };

    c->machine = m;
    c->index = i;
    build_lapic(m, c);
    bus_connect_cpu(m, c, &config);
    cpu_node_init(&c->node, &config);
}

static uint32_t msi_features(const struct scenario_device *d)
{
    return (d->msi.address_64bit ? PCIE_MSI_64BIT : 0u) |
           (d->msi.masking ? PCIE_MSI_MASKING : 0u) |
           (d->msi.extended_data ? PCIE_MSI_EXTENDED_CAPABLE : 0u);
}

static void build_device(struct machine *m, unsigned i)
{
    const struct scenario_device *d = &m->scenario->device[i];
    bool msix = d->message == MESSAGE_MSIX;
    struct nic_config nic = d->nic;
    struct pcie_node_config fn = {
        .engine = &m->engine,
        .irqs = &m->irqs,
        .clock = m->pcie,
        .costs = m->scenario->platform.pcie,
        .requester = scenario_source_id(m->scenario, i),
        .irq_source = machine_add_source(m, "%s", d->name),
        .msix_vectors = msix ? d->vectors : 0,
        .msi_vectors = d->message == MESSAGE_MSI ? d->vectors : 0,
        .interrupt_pin = d->interrupt_pin,
        .msi_features = msi_features(d),
        .upstream = {bus_from_function, &m->function[i]},
        .intx = lines_intx(m, i),
    };

    for (unsigned k = 0; k < d->vectors; k++)
        fn.moderation_interval[k] = scenario_moderation(d, k);
    m->function[i] = (struct machine_function){
        .machine = m,
        .device = i,
        .requester = scenario_requester(m->scenario, i),
    };
    nic.seed = m->scenario->seed;
    nic.stream = i;
    nic_node_init(&m->device[i], &fn, &nic);
}

/* ---- the whole ---- */

static uint32_t power_of_two_above(uint32_t n)
{
    uint32_t p = 1;

    while (p < n)
        p *= 2;
    return p;
}

static uint32_t vcpus_of(const struct scenario *s)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->vm_count; i++)
        n += s->vm[i].vcpus;
    return n;
}

/* One for each CPU, and one for each virtual CPU that is not the first of its
 * CPU. */
static uint32_t places_of(const struct scenario *s)
{
    uint32_t places = s->machine.cpus;
    bool taken[SCENARIO_CPUS] = {false};

    for (uint32_t i = 0; i < s->vm_count; i++)
        for (uint32_t k = 0; k < s->vm[i].vcpus; k++) {
            uint32_t cpu = scenario_cpu_of(&s->vm[i], k);

            places += taken[cpu];
            taken[cpu] = true;
        }
    return places;
}

/* A machine that is copied has no room that its tables do not need. */
static uint32_t pages_of_units(const struct machine *m)
{
    const struct scenario_iommu *s = &m->scenario->machine.iommu;
    size_t table = s->entries * sizeof(struct iommu_entry) / MEM_PAGE_BYTES + 1;

    return s->units * (m->small ? (uint32_t)table + MEM_PAGES_UNIT_BESIDES
                                : MEM_PAGES_PER_UNIT);
}

static uint32_t memory_pages(const struct machine *m)
{
    uint32_t per_place = m->small ? MEM_PAGES_SMALL : MEM_PAGES_PER_PLACE;

    return power_of_two_above(per_place * places_of(m->scenario) +
                              pages_of_units(m) +
                              (m->small ? 0 : MEM_PAGES_OUTSIDE));
}

static void take_memory(struct machine *m)
{
    struct arena *a = &m->arena;
    uint32_t events = EVENTS_FIXED + EVENTS_PER_CPU * m->cpus +
                      EVENTS_PER_DEVICE * m->devices;
    uint32_t records = (m->small ? IRQ_RECORDS_SMALL : IRQ_RECORDS_PER_CPU) *
                       (places_of(m->scenario) + m->devices);
    uint32_t pages = memory_pages(m), vcpus = vcpus_of(m->scenario);

    engine_init(
        &m->engine, events,
        arena_take(a, ENGINE_SLOTS(events), sizeof(struct engine_slot)));
    irqs_init(&m->irqs, arena_take(a, records, sizeof(struct irq_record)),
              records);
    posted_irqs_init(&m->posted_irqs, &m->irqs,
                     arena_take(a, vcpus, sizeof(struct posted_irqs_row)),
                     vcpus);
    mem_init(&m->mem, arena_take(a, pages, sizeof(struct mem_page)), pages);
    m->text.capacity = TEXT_OPS_PER_PLACE * places_of(m->scenario) +
                       (launch_vm(m) ? VTD_LAUNCH_OPS : 0);
    m->text.op = arena_take(a, m->text.capacity, sizeof(struct op));
    m->cpu = arena_take(a, m->cpus, sizeof *m->cpu);
    m->vcpu = arena_take(a, vcpus, sizeof *m->vcpu);
    m->host = arena_take(a, 1, sizeof *m->host);
    m->device = arena_take(a, m->devices, sizeof *m->device);
    if (!m->small)
        m->latency.histogram =
            arena_take(a, LATENCY_PAIRS, sizeof *m->latency.histogram);
}

static size_t arena_bytes(const struct scenario *s)
{
    size_t places = places_of(s), devices = s->device_count;

    return (places + 1) * (2u << 20) + devices * (1u << 20) +
           s->machine.iommu.units * sizeof(struct machine_unit) +
           LATENCY_PAIRS * sizeof(struct histogram) +
           2 * MEM_PAGES_OUTSIDE * sizeof(struct mem_page) + (4u << 20);
}

static void on_control(void *machine, struct event *ev)
{
    (void)ev;
    measure_begin(machine);
}

/* Measured time is a whole number of core cycles, at least one, on edges of
 * the clock. */
static void set_times(struct machine *m)
{
    const struct scenario *s = m->scenario;
    uint64_t cycles = clock_cycles(&m->core, s->duration);

    m->measure_from = clock_edge(&m->core, s->warmup);
    m->end = m->measure_from + (cycles ? cycles : 1) * m->core.period;
    m->control_target = engine_add_target(&m->engine, on_control, m);
    event_init(&m->warmup_over, m->control_target, 0);
    engine_schedule(&m->engine, &m->warmup_over, m->measure_from);
}

static struct machine *begin(const struct scenario *s)
{
    struct arena arena;
    struct machine *m;

    arena_init(&arena, arena_bytes(s));
    m = arena_take(&arena, 1, sizeof *m);
    m->arena = arena;
    m->scenario = s;
    return m;
}

static struct machine *build(struct machine *m)
{
    const struct scenario *s = m->scenario;

    m->cpus = m->places = s->machine.cpus;
    m->devices = s->device_count;
    m->core = clock_from_hz(s->platform.clocks.core);
    m->apic = clock_from_hz(s->platform.clocks.apic);
    m->apic_timer = clock_from_hz(s->platform.clocks.apic_timer);
    m->pcie = clock_from_hz(s->platform.clocks.pcie);
    take_memory(m);
    set_times(m);
    bus_init(m);
    fabric_init(m);
    for (unsigned i = 0; i < m->cpus; i++)
        build_cpu(m, i);
    for (unsigned i = 0; i < m->devices; i++)
        build_device(m, i);
    forged_build(m);
    lines_build(m);
    hpet_build(m);
    remap_build(m);
    launch_prepare(m);
    m->outside_source = machine_add_source(m, "outside");
    install_software(m);
    if (!m->small)
        measure_init(m);
    invariants_init(m);
    return m;
}

struct machine *machine_build_with(const struct scenario *s,
                                   const struct machine_twins *twins)
{
    struct machine *m = begin(s);

    m->make_twin = twins;
    return build(m);
}

struct machine *machine_build(const struct scenario *s)
{
    return machine_build_with(s, NULL);
}

struct machine *machine_build_small(const struct scenario *s)
{
    struct machine *m = begin(s);

    m->small = true;
    return build(m);
}

void machine_free(struct machine *m)
{
    struct arena arena = m->arena;

    for (unsigned i = 0; i < m->twins; i++)
        m->twin[i].call->free(m->twin[i].of);
    arena_free(&arena);
}

sim_time machine_now(const struct machine *m)
{
    return engine_now(&m->engine);
}

sim_time machine_next(struct machine *m)
{
    return *m->violation ? SIM_TIME_NEVER : engine_next(&m->engine);
}

sim_time machine_end(const struct machine *m)
{
    return m->end;
}

void machine_run(struct machine *m, sim_time limit)
{
    if (!*m->violation)
        engine_run(&m->engine, limit < m->end ? limit : m->end);
}

unsigned machine_cpus(const struct machine *m)
{
    return m->cpus;
}

uint64_t machine_twin_cycles(const struct machine *m)
{
    uint64_t cycles = 0;

    for (unsigned i = 0; i < m->twins; i++)
        cycles += m->twin[i].call->cycles(m->twin[i].of);
    return cycles;
}

bool machine_intr(const struct machine *m, unsigned cpu)
{
    return m->cpu[cpu].node.cpu.intr;
}

void machine_set_lint(struct machine *m, unsigned cpu, unsigned pin, bool high)
{
    struct msg msg = {.kind = MSG_LINE,
                      .line = {.line = (uint8_t)pin, .high = high}};

    lapic_node_receive(&m->cpu[cpu].lapic, &msg);
}

void machine_set_outside(struct machine *m, const struct mem_outside *outside)
{
    mem_set_outside(&m->mem, outside);
}

const char *machine_finish(struct machine *m, struct figures *out)
{
    const char *complaint;

    if (*m->violation || invariants_broken_at_all(m))
        return m->violation;
    for (unsigned i = 0; i < m->cpus; i++)
        cpu_node_settle(&m->cpu[i].node, m->end);
    complaint = audit(m);
    if (!complaint)
        measure_figures(m, out);
    return complaint;
}
