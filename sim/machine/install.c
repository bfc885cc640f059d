/*
 * Software onto the CPUs: what a boot loader, the drivers and the hypervisor's
 * user interface have done before the run begins.  It takes no time.
 */
#include "sim/machine/machine_private.h"

#define FIRST_VECTOR 0x30u
#define LAST_VECTOR 0xdfu
#define SYSTEM_CALL_VECTOR 0x80u

_Static_assert(SCENARIO_VM_VECTORS <= KVM_IRQS_MAX &&
                   SCENARIO_VM_VECTORS <= WORKLOAD_VECTORS_MAX,
               "software has room for the vectors of every VM");
_Static_assert(SCENARIO_DEVICES <= WORKLOAD_DEVICES_MAX,
               "software has room for all devices");

/* ---- vectors, as an operating system allocates them ---- */

static bool free_block(const struct vecset *used, unsigned base, unsigned n)
{
    for (unsigned v = base; v < base + n; v++)
        if (v > LAST_VECTOR || v == SYSTEM_CALL_VECTOR ||
            vecset_has(used, (uint8_t)v))
            return false;
    return true;
}

/* A block of `n` (a power of two) aligned vectors.  Single ones are spread
 * over the priority classes, from `first` on in steps of 16. */
static uint8_t allocate(struct vecset *used, unsigned first, unsigned n)
{
    unsigned step = n > 1 ? n : 16;
    unsigned base = n > 1 ? FIRST_VECTOR / n * n + n : first;

    while (!free_block(used, base, n)) {
        base += step;
        if (base > LAST_VECTOR)
            base = n > 1 ? FIRST_VECTOR / n * n + n : ++first;
    }
    for (unsigned v = base; v < base + n; v++)
        vecset_add(used, (uint8_t)v);
    return (uint8_t)base;
}

/* One vector of one assigned device, in the order of the assignment; host and
 * guest have allocated vectors of their own for it. */
struct slot {
    unsigned device;
    unsigned k; /* the device's number of it */
    uint8_t host_vector, guest_vector;
};

/* MSI needs all its vectors side by side. */
static unsigned block_of(const struct scenario_device *d)
{
    return d->message == MESSAGE_MSI ? scenario_granted(d) : 1;
}

static bool on_pic(const struct scenario_device *d)
{
    return scenario_has_line(d) && d->controller == CONTROLLER_PIC;
}

/* The slot among the first `n` whose device has the same pin of the I/O APIC,
 * or NULL. */
static const struct slot *slot_of_pin(const struct machine *m, uint32_t pin,
                                      const struct slot *slot, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct scenario_device *d = &m->scenario->device[slot[i].device];

        if (scenario_has_line(d) && !on_pic(d) &&
            scenario_pin(m->scenario, d) == pin)
            return &slot[i];
    }
    return NULL;
}

/* A vector that no line of another CPU has: an EOI broadcast names nothing but
 * a vector, and would end both interrupts. */
static uint8_t line_vector(struct machine *m, struct vecset *used,
                           unsigned first)
{
    struct vecset taken = *used;
    uint8_t vector;

    for (unsigned i = 0; i < 4; i++)
        taken.word[i] |= m->line_vectors.word[i];
    vector = allocate(&taken, first, 1);
    vecset_add(used, vector);
    vecset_add(&m->line_vectors, vector);
    return vector;
}

/* The slots of one virtual CPU so far, and the vectors that host and guest have
 * given away. */
struct slots {
    struct slot *slot;
    uint32_t n;
    struct vecset used[2];
    uint8_t pic_base; /* of the 16 vectors of the 8259s; 0: not used */
};

/* The next slot, of a device with a line; the devices of a line have one
 * vector.  Those of the 8259s' lines are side by side. */
static void fill_line(struct machine *m, unsigned device, struct slots *s)
{
    const struct scenario_device *d = &m->scenario->device[device];
    const struct slot *line =
        slot_of_pin(m, scenario_pin(m->scenario, d), s->slot, s->n);

    if (on_pic(d))
        s->slot[s->n] = (struct slot){
            .device = device, .guest_vector = (uint8_t)(s->pic_base + d->irq)};
    else if (line)
        s->slot[s->n] =
            (struct slot){device, 0, line->host_vector, line->guest_vector};
    else
        s->slot[s->n] =
            (struct slot){device, 0, line_vector(m, &s->used[0], 0x35),
                          line_vector(m, &s->used[1], 0x31)};
}

static void fill_slots(struct machine *m, unsigned device,
                       struct vecset used[2], struct slot *slot)
{
    const struct scenario_device *d = &m->scenario->device[device];
    unsigned block = block_of(d);
    uint8_t host = 0, guest = 0;

    for (unsigned k = 0; k < scenario_granted(d); k++) {
        if (k % block == 0) {
            host = allocate(&used[0], 0x35, block);
            /* what moves to another CPU has one vector on all of them */
            guest = block == 1 && balance_on(m)
                        ? line_vector(m, &used[1], 0x31)
                        : allocate(&used[1], 0x31, block);
        }
        slot[k] = (struct slot){device, k, (uint8_t)(host + k % block),
                                (uint8_t)(guest + k % block)};
    }
}

static bool uses_pic(const struct machine *m, const struct scenario_vm *vm)
{
    for (uint32_t a = 0; a < vm->assigned_count; a++)
        if (on_pic(&m->scenario->device[vm->assigned[a]]))
            return true;
    return false;
}

/* The slots of those devices whose vectors lie in blocks of this size. */
static void fill_blocks(struct machine *m, const struct machine_vcpu *v,
                        unsigned block, struct slots *s)
{
    s->n = 0;
    for (uint32_t a = 0; a < v->vm->assigned_count; a++) {
        unsigned i = v->vm->assigned[a];
        const struct scenario_device *d = &m->scenario->device[i];

        if (d->vcpu != v->index)
            continue;
        if (scenario_has_line(d) && block == 1)
            fill_line(m, i, s);
        else if (block_of(d) == block)
            fill_slots(m, i, s->used, s->slot + s->n);
        s->n += scenario_granted(d);
    }
}

/* Where the interrupts of its devices go. */
static unsigned cpu_of(const struct machine *m, const struct machine_vcpu *v)
{
    return irq_cpu_takes(m, v->vm) ? m->cpus - 1 : v->cpu;
}

/* Of the devices that interrupt the virtual CPU.  Large blocks come first:
 * single vectors, spread over the priority classes, would leave no room for
 * them. */
static struct slots slots_of(struct machine *m, const struct machine_vcpu *v,
                             struct slot *slot)
{
    struct vecset *host = &m->cpu[cpu_of(m, v)].host_vectors;
    struct slots s = {.slot = slot, .used = {*host}};

    if (uses_pic(m, v->vm))
        s.pic_base = allocate(&s.used[1], 0, PIC_LINES);
    for (unsigned block = PCIE_VECTORS; block; block /= 2)
        fill_blocks(m, v, block, &s);
    *host = s.used[0];
    return s;
}

/* ---- the driver's part ---- */

/* NMIs and SMIs have no vector. */
static uint8_t mode_of(const struct scenario_device *d)
{
    static const uint8_t mode[] = {[SIGNAL_FIXED] = DELIVERY_FIXED,
                                   [SIGNAL_NMI] = DELIVERY_NMI,
                                   [SIGNAL_SMI] = DELIVERY_SMI};

    return mode[d->delivery];
}

/* Is its message an interrupt by vector for the CPU that takes it? */
static bool has_vector(const struct scenario_vm *vm,
                       const struct scenario_device *d)
{
    return d->delivery == SIGNAL_FIXED ||
           (d->delivery == SIGNAL_NMI && vm->features.nmi_injection);
}

/* With a remapping unit: table entries that send there.  All messages of MSI
 * have theirs side by side, and the device adds the number of its message. */
static struct message_signal remapped_signal(struct machine *m,
                                             const struct slot *s,
                                             const struct vtd_target *to)
{
    const struct scenario_device *d = &m->scenario->device[s->device];
    bool msi = d->message == MESSAGE_MSI;
    uint16_t requester = m->function[s->device].requester;
    uint32_t index = remap_entries(remap_unit_of(m, requester), to,
                                   msi ? scenario_granted(d) : 1);

    m->table_entry[s->device][s->k] = index;
    return (struct message_signal){.addr = vtd_msi_address(index, msi)};
}

/* The CPU that the device's messages interrupt, or with posting the virtual
 * CPU's descriptor and the guest's own vector. */
static struct vtd_target target_of(const struct machine *m,
                                   const struct machine_vcpu *v,
                                   const struct slot *s, uint8_t vector)
{
    const struct scenario_device *d = &m->scenario->device[s->device];
    struct kvm_config host = {.memory = HOST_MEMORY(v->place)};
    bool by_vector = has_vector(v->vm, d);
    struct vtd_target to = {.apic_id = cpu_of(m, v),
                            .vector = by_vector ? vector : 0,
                            .mode = by_vector ? DELIVERY_FIXED : mode_of(d)};

    remap_check_device(m, s->device, &to);
    if (!v->vm->features.vtd_posting)
        return to;
    to.descriptor = kvm_descriptor(&host);
    to.vector = s->guest_vector;
    return to;
}

static struct message_signal signal_of(struct machine *m,
                                       const struct machine_vcpu *v,
                                       const struct slot *s, uint8_t vector)
{
    struct vtd_target to = target_of(m, v, s, vector);

    if (m->units && !launch_vm(m))
        return remapped_signal(m, s, &to);
    return (struct message_signal){(uint32_t)(MSI_BASE | to.apic_id << 12),
                                   (uint16_t)(to.mode << 8 | to.vector)};
}

static void program_messages(struct machine *m, const struct machine_vcpu *v,
                             const struct slot *s, uint8_t vector)
{
    const struct scenario_device *d = &m->scenario->device[s->device];
    struct message_signal signal = signal_of(m, v, s, vector);

    if (d->message == MESSAGE_MSIX)
        message_program_msix(&m->device[s->device], s->k, &signal);
    else
        message_program_msi(&m->device[s->device], scenario_granted(d),
                            &signal);
}

static void drive(struct machine *m, const struct machine_vcpu *v,
                  const struct slot *s, uint8_t vector)
{
    const struct scenario_device *d = &m->scenario->device[s->device];
    struct nic_node *nic = &m->device[s->device];

    if (scenario_has_line(d) && !on_pic(d))
        install_pin(m, d, cpu_of(m, v), vector);
    else if (v->vm->maps_by_hypercall)
        pcie_node_config_write(&nic->fn, PCIE_AT_MSIX_CONTROL, 2,
                               PCIE_MSIX_ENABLE);
    else if (d->message == MESSAGE_MSIX ||
             (d->message == MESSAGE_MSI && s->k == 0))
        program_messages(m, v, s, vector);
    nic_node_write(nic, NIC_REG_TXWB, 8, writeback_at(v->place, s->device));
    nic_node_write(nic, NIC_REG_RXWB, 8, writeback_at(v->place, s->device) + 8);
    /* last: a device may speak from here on */
    pcie_node_config_write(&nic->fn, PCIE_AT_COMMAND, 2,
                           PCIE_COMMAND_MEMORY | PCIE_COMMAND_BUS_MASTER);
}

/* ---- the workload ---- */

/* The device that a stream sends through: the first one that is no source of
 * pulses; or the number of devices. */
static unsigned stream_device(const struct machine *m,
                              const struct scenario_vm *vm)
{
    for (uint32_t a = 0; a < vm->assigned_count; a++)
        if (m->scenario->device[vm->assigned[a]].nic.pulse == PULSE_NONE)
            return vm->assigned[a];
    return m->devices;
}

/* Whether the driver has to say that it has served a cause. */
static bool told_of_service(const struct scenario_device *d)
{
    return d->nic.rx.usecs_irq || d->nic.rx.frames_irq || d->nic.tx.usecs_irq ||
           d->nic.tx.frames_irq;
}

/* The causes of `vectors` that share vector k of the granted ones. */
static uint32_t causes_of(unsigned k, uint32_t granted, uint32_t vectors)
{
    uint32_t causes = 0;

    for (uint32_t cause = k; cause < vectors; cause += granted)
        causes |= UINT32_C(1) << cause;
    return causes;
}

/* The driver knows its moderation in whole microseconds. */
static void fill_throttle(struct workload_irq *irq,
                          const struct scenario_device *d, unsigned k)
{
    irq->rule = (struct throttle_rule){.least = d->adaptive.least_usecs,
                                       .most = d->adaptive.most_usecs,
                                       .few = d->adaptive.few,
                                       .many = d->adaptive.many};
    irq->interval_us =
        (uint32_t)((scenario_moderation(d, k) + SIM_US - 1) / SIM_US);
    irq->throttle = BAR_BASE + BAR_STRIDE * irq->device + NIC_REG_EITR + 4 * k;
}

/* Vector 0 tells of sent messages, vector 1 of received ones; a single vector
 * tells both, and every vector of a pulse source tells of pulses. */
static struct workload_irq workload_irq(const struct machine *m,
                                        const struct machine_vcpu *v,
                                        const struct slot *s)
{
    const struct scenario_device *d = &m->scenario->device[s->device];
    uint64_t counts = writeback_at(v->place, s->device);
    uint64_t registers = BAR_BASE + BAR_STRIDE * s->device;
    uint32_t granted = scenario_granted(d);
    bool pulses = d->nic.pulse != PULSE_NONE;

    struct workload_irq irq = {
        .vector = s->guest_vector,
        .device = (uint8_t)s->device,
        .cause = scenario_has_line(d) ? registers + NIC_REG_CAUSE : 0,
        .served = told_of_service(d) ? registers + NIC_REG_SERVED : 0,
        .causes = causes_of(s->k, granted, d->vectors),
        .mapped_at =
            v->vm->maps_by_hypercall ? registers + message_entry(s->k) : 0,
        .pic = on_pic(d),
        .nmi = d->delivery == SIGNAL_NMI,
        .smi = d->delivery == SIGNAL_SMI,
        .acknowledges = s->device == stream_device(m, v->vm),
        .sent = s->k == 0 ? counts : 0,
        .received = s->k == 1 || granted == 1 || pulses ? counts + 8 : 0,
    };

    fill_throttle(&irq, d, s->k);
    return irq;
}

/* One period of the program's APIC timer; 0: it has none. */
static uint64_t timer_cycles(const struct scenario_program *p, uint64_t hz)
{
    return p->timer_source == TIMER_LAPIC && p->timer_hz ? hz / p->timer_hz : 0;
}

static void fill_work(struct workload_config *w,
                      const struct scenario_program *p)
{
    static const enum workload_kind kinds[] = {
        [PROGRAM_STREAM] = WORKLOAD_STREAM,
        [PROGRAM_SPIN] = WORKLOAD_SPIN,
        [PROGRAM_IDLE] = WORKLOAD_IDLE,
        [PROGRAM_IPI] = WORKLOAD_IPI,
        [PROGRAM_IPI_WAKE] = WORKLOAD_IPI_WAKE,
        [PROGRAM_USER_SENDER] = WORKLOAD_USER_THREAD,
        [PROGRAM_USER_RECEIVER] = WORKLOAD_USER_THREAD,
        [PROGRAM_USER_WAITER] = WORKLOAD_USER_THREAD,
    };
    static const enum workload_timer timer_modes[] = {
        [TIMER_MODE_PERIODIC] = WORKLOAD_TIMER_PERIODIC,
        [TIMER_MODE_ONE_SHOT] = WORKLOAD_TIMER_ONE_SHOT,
        [TIMER_MODE_TSC_DEADLINE] = WORKLOAD_TIMER_TSC_DEADLINE,
    };

    w->kind = kinds[p->kind];
    w->message_work = p->message_work_cycles;
    w->critical_work = p->critical_work_cycles;
    w->messages_per_doorbell = p->messages_per_doorbell;
    w->window = p->window;
    w->handler = p->handler_cycles;
    w->completion = p->completion_cycles;
    w->softirq = p->softirq_cycles;
    w->eager_eoi = p->eager_eoi;
    w->timer_work = p->timer_cycles;
    w->timer_mode = timer_modes[p->timer_mode];
}

static void install_workload(struct machine *m, struct machine_vcpu *v,
                             const struct slots *s)
{
    static const enum pic_code_eoi eoi[] = {
        [SCENARIO_EOI_SPECIFIC] = PIC_EOI_SPECIFIC,
        [SCENARIO_EOI_ROTATING] = PIC_EOI_ROTATING,
        [SCENARIO_EOI_AUTOMATIC] = PIC_EOI_AUTOMATIC,
    };
    enum scenario_virtual_wire wire = m->scenario->machine.pic.virtual_wire;
    const struct scenario_program *p = &m->scenario->program[v->vm->program];
    const struct clock_rates *clocks = &m->scenario->platform.clocks;
    struct workload_config w = {
        .x2apic = v->vm->apic == APIC_MODE_X2APIC,
        .bsp = v->vm->hypervisor == HYPERVISOR_KVM ? !v->index : !v->cpu,
        .vcpu = v->index,
        .vcpus = v->vm->vcpus,
        .pv_eoi = v->vm->features.pv_eoi,
        .enables_eli = v->vm->features.eli,
        .timer_count = timer_cycles(p, clocks->apic_timer),
        .timer_period = timer_cycles(p, clocks->core),
        .hpet = hpet_timer_of(m, v),
        .memory = WORKLOAD_MEMORY(v->place),
        .pic_base = s->pic_base,
        .pic_on_lint0 = s->pic_base && wire == VIRTUAL_WIRE_LINT0,
        .pic_eoi = eoi[m->scenario->machine.pic.eoi],
        .irq_count = s->n,
        .launch = v->vm->late_launch ? m->launch : NULL,
    };

    fill_work(&w, p);
    if (p->kind == PROGRAM_STREAM && v->index)
        w.kind = WORKLOAD_IDLE;
    if (scenario_is_user(p))
        w.thread = install_user_thread(m, v);
    if (s->n)
        w.doorbell = BAR_BASE + BAR_STRIDE * stream_device(m, v->vm) +
                     NIC_REG_TXDOORBELL;
    for (uint32_t i = 0; i < s->n; i++) {
        w.irq[i] = workload_irq(m, v, &s->slot[i]);
        w.irq[i].move =
            balance_move(m, &m->cpu[v->cpu], &w.irq[i], s->slot[i].k);
    }
    v->workload = arena_take(&m->arena, 1, sizeof *v->workload);
    workload_build(v->workload, &w, &m->text, &m->mem);
}

/* ---- the hypervisor ---- */

/* The entry as it is, posted, and with the same source remapped to the host. */
static struct vtd_move *switch_move(struct machine *m,
                                    const struct machine_vcpu *v,
                                    const struct slot *s)
{
    const struct scenario_device *d = &m->scenario->device[s->device];
    struct vtd_target posted = target_of(m, v, s, s->host_vector);
    struct vtd_target to = remap_checked(m, &posted);
    struct vtd_move *move;

    if (v->vm->posting_switch == SWITCH_NONE)
        return NULL;
    move = moves_add(m, m->function[s->device].requester,
                     d->message == MESSAGE_MSI
                         ? m->table_entry[s->device][0] + s->k
                         : m->table_entry[s->device][s->k],
                     v->vm->posting_switch != SWITCH_NO_FLUSH);
    vtd_move_add(move, &to);
    to.descriptor = 0;
    to.vector = s->host_vector;
    vtd_move_add(move, &to);
    return move;
}

/* The entry that the guest will ask for, or NULL: it is there. */
static struct vtd_map *map_of(struct machine *m, const struct machine_vcpu *v,
                              const struct slot *s)
{
    struct vtd_target to = target_of(m, v, s, s->host_vector);
    struct vtd_map *map;

    if (!v->vm->maps_by_hypercall)
        return NULL;
    map = arena_take(&m->arena, 1, sizeof *map);
    map->driver = &remap_unit_of(m, to.sid)->driver;
    map->target = remap_checked(m, &to);
    return map;
}

/* The devices of one line are one interrupt for the host. */
static void add_irq(struct machine *m, const struct machine_vcpu *v,
                    struct kvm_config *k, const struct slot *s)
{
    const struct scenario_device *d = &m->scenario->device[s->device];
    struct kvm_irq irq = {.host_vector = s->host_vector,
                          .guest_vector = s->guest_vector,
                          .nmi = d->delivery == SIGNAL_NMI};
    struct pin pin = lines_pin(m, scenario_pin(m->scenario, d));

    if (d->message == MESSAGE_INTX) {
        irq.ioapic = (uint8_t)pin.unit;
        irq.rte_select = (uint8_t)(IOAPIC_AT_RTE_LOW + 2 * pin.number);
        irq.rte_low = line_rte_low(d, s->host_vector);
    }
    for (uint32_t i = 0; i < k->irq_count; i++)
        if (k->irq[i].host_vector == s->host_vector)
            return;
    irq.move = switch_move(m, v, s);
    irq.map = map_of(m, v, s);
    k->irq[k->irq_count++] = irq;
}

static void install_hypervisor(struct machine *m, struct machine_vcpu *v,
                               const struct slots *slots)
{
    struct kvm_config devices = {.irq_count = 0};

    for (uint32_t i = 0; i < slots->n; i++)
        add_irq(m, v, &devices, &slots->slot[i]);
    install_kvm(m, v, &devices);
}

/* ---- the whole ---- */

static struct machine_vcpu *
add_vcpu(struct machine *m, const struct scenario_vm *vm, unsigned index)
{
    struct machine_vcpu *v = &m->vcpu[m->vcpus++];
    unsigned cpu = scenario_cpu_of(vm, index);

    *v = (struct machine_vcpu){
        .vm = vm,
        .index = index,
        .cpu = cpu,
        .place = m->cpu[cpu].vm ? m->places++ : cpu,
    };
    if (!m->cpu[cpu].vm)
        m->cpu[cpu].vm = vm;
    return v;
}

/* It is the first one of its CPU, if it is. */
static void introduce(struct machine *m, const struct machine_vcpu *v)
{
    struct machine_cpu *c = &m->cpu[v->cpu];

    if (c->workload)
        return;
    c->workload = v->workload;
    c->kvm = v->kvm;
    if (!v->kvm)
        cpu_node_start(&c->node, v->workload->boot, v->workload->stack);
}

static void install_vcpu(struct machine *m, struct machine_vcpu *v,
                         const struct slots *s)
{
    bool bare_metal = v->vm->hypervisor == HYPERVISOR_NONE;

    for (uint32_t i = 0; i < s->n; i++)
        drive(m, v, &s->slot[i],
              bare_metal ? s->slot[i].guest_vector : s->slot[i].host_vector);
    install_workload(m, v, s);
    if (!bare_metal)
        install_hypervisor(m, v, s);
    introduce(m, v);
}

static void install(struct machine *m, const struct scenario_vm *vm)
{
    struct slot slot[SCENARIO_VM_VECTORS];

    for (uint32_t i = 0; i < vm->vcpus; i++) {
        struct machine_vcpu *v = add_vcpu(m, vm, i);
        struct slots s = slots_of(m, v, slot);

        if (s.pic_base)
            install_pic(m, vm, s.pic_base);
        install_vcpu(m, v, &s);
    }
}

void install_software(struct machine *m)
{
    install_host(m);
    for (uint32_t i = 0; i < m->scenario->vm_count; i++)
        install(m, &m->scenario->vm[i]);
    balance_install(m);
    if (m->scenario->machine.irq_cpu)
        install_irq_cpu(m);
}
