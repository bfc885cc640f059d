/* What all protocols share: memory, guests, the processor's steps. */
#include "sim/protocol/world.h"

#include <assert.h>

#define PAGE_AT(guest) (UINT64_C(0x10000) + MEM_PAGE_BYTES * (guest))
#define PID_AT UINT64_C(0x20000)
#define MSR_BITMAP_AT UINT64_C(0x30000)
#define PID_POINTERS_AT UINT64_C(0x31000)
#define GUEST_TEXT rip_of(1)
#define HOST_TEXT rip_of(2)
#define STACK UINT64_C(0x40800)
#define X2APIC_EOI 0x80bu

uint64_t world_pid(unsigned guest)
{
    return PID_AT + PID_BYTES * guest;
}

/* Of classes of their own, the later one more urgent. */
uint8_t world_vector(unsigned post)
{
    return (uint8_t)(0x61 + 0x20 * post);
}

static uint64_t control_of(struct protocol_world *w)
{
    return mem_read64(&w->mem, world_pid(GUEST_A) + PID_CONTROL);
}

/* Is anything in A's PIR? */
static bool is_posted(struct protocol_world *w)
{
    uint64_t pir = 0;

    for (unsigned i = 0; i < 4; i++)
        pir |= mem_read64(&w->mem, world_pid(GUEST_A) + PID_PIR + 8 * i);
    return pir;
}

void world_set_pir(struct protocol_world *w)
{
    uint8_t vector = world_vector(w->s.posted++);

    w->s.posting = true;
    mem_fetch_or64(&w->mem, world_pid(GUEST_A) + PID_PIR + 8u * (vector / 64u),
                   UINT64_C(1) << vector % 64);
}

static bool first_on(struct protocol_world *w)
{
    return !(mem_fetch_or64(&w->mem, world_pid(GUEST_A) + PID_CONTROL, PID_ON) &
             PID_ON);
}

bool world_set_on(struct protocol_world *w)
{
    bool first = first_on(w);

    w->s.posting = first;
    return first;
}

void world_notified(struct protocol_world *w)
{
    w->s.posting = false;
}

/* ---- the hypervisor's accesses ---- */

enum way world_test_on(struct protocol_world *w)
{
    return control_of(w) & PID_ON ? ONWARD : ASIDE;
}

enum way world_clear_on(struct protocol_world *w)
{
    mem_fetch_and64(&w->mem, world_pid(GUEST_A) + PID_CONTROL, ~PID_ON);
    return ONWARD;
}

/* The CPU itself looks at ON next: nobody has to be notified. */
enum way world_set_on_if_posted(struct protocol_world *w)
{
    if (is_posted(w)) {
        world_set_on(w);
        world_notified(w);
    }
    return ONWARD;
}

enum way world_read_control(struct protocol_world *w)
{
    w->s.control = control_of(w);
    return ONWARD;
}

enum way world_replace_control(struct protocol_world *w, uint64_t wanted)
{
    return mem_compare_exchange64(&w->mem, world_pid(GUEST_A) + PID_CONTROL,
                                  &w->s.control, wanted)
               ? ONWARD
               : ASIDE;
}

static uint8_t higher(int a, uint64_t b)
{
    return a > (int)b ? (uint8_t)a : (uint8_t)b;
}

enum way world_take_pir(struct protocol_world *w)
{
    struct vmcs *v = &w->vmcs[GUEST_A];
    uint64_t status = vmcs_get(v, VMCS_GUEST_INTERRUPT_STATUS);
    struct vecset pir;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t at = PAGE_AT(GUEST_A) + VAPIC_IRR + 0x20 * i;

        pir.word[i] =
            mem_exchange64(&w->mem, world_pid(GUEST_A) + PID_PIR + 8 * i, 0);
        mem_write32(&w->mem, at,
                    mem_read32(&w->mem, at) | (uint32_t)pir.word[i]);
        mem_write32(&w->mem, at + 0x10,
                    mem_read32(&w->mem, at + 0x10) |
                        (uint32_t)(pir.word[i] >> 32));
    }
    vmcs_set(v, VMCS_GUEST_INTERRUPT_STATUS,
             (status & 0xff00) | higher(vecset_top(&pir), status & 0xff));
    return ONWARD;
}

/* ---- guests ---- */

static void set_controls(struct vmcs *v)
{
    vmcs_set(v, VMCS_PIN_CONTROLS,
             vmcs_get(v, VMCS_PIN_CONTROLS) | PIN_EXTERNAL_INTERRUPT_EXITING |
                 PIN_POSTED_INTERRUPTS);
    vmcs_set(v, VMCS_PRIMARY_CONTROLS,
             vmcs_get(v, VMCS_PRIMARY_CONTROLS) | PRIMARY_HLT_EXITING |
                 PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY | PRIMARY_TERTIARY |
                 PRIMARY_MSR_BITMAPS);
    vmcs_set(v, VMCS_SECONDARY_CONTROLS,
             SECONDARY_VIRTUALIZE_X2APIC |
                 SECONDARY_APIC_REGISTER_VIRTUALIZATION |
                 SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
    vmcs_set(v, VMCS_TERTIARY_CONTROLS, TERTIARY_IPI_VIRTUALIZATION);
    vmcs_set(v, VMCS_EXIT_CONTROLS,
             vmcs_get(v, VMCS_EXIT_CONTROLS) | EXIT_CTL_ACKNOWLEDGE);
}

void world_add_guest(struct protocol_world *w, unsigned guest)
{
    struct vmcs *v = &w->vmcs[guest];
    uint64_t pid = world_pid(guest);

    vmcs_init(v);
    set_controls(v);
    vmcs_set(v, VMCS_MSR_BITMAP, MSR_BITMAP_AT);
    vmcs_set(v, VMCS_VIRTUAL_APIC_ADDRESS, PAGE_AT(guest));
    vmcs_set(v, VMCS_POSTED_DESCRIPTOR_ADDRESS, pid);
    vmcs_set(v, VMCS_NOTIFICATION_VECTOR, NOTIFICATION_VECTOR);
    vmcs_set(v, VMCS_PID_POINTER_TABLE_ADDRESS, PID_POINTERS_AT);
    vmcs_set(v, VMCS_LAST_PID_POINTER_INDEX, WORLD_GUESTS - 1);
    vmcs_set(v, VMCS_GUEST_RIP, GUEST_TEXT);
    vmcs_set(v, VMCS_GUEST_RSP, STACK);
    vmcs_set(v, VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
    vmcs_set(v, VMCS_HOST_RIP, HOST_TEXT);
    vmcs_set(v, VMCS_HOST_RSP, STACK);
    mem_write64(&w->mem, PID_POINTERS_AT + 8 * guest, pid | 1);
    mem_write64(&w->mem, pid + PID_CONTROL,
                (uint64_t)NOTIFICATION_VECTOR << PID_NV_SHIFT);
}

void world_enter(struct protocol_world *w, unsigned cpu, unsigned guest)
{
    struct vmcs *v = &w->vmcs[guest];
    struct op op = {.kind = v->launched ? OP_VMRESUME : OP_VMLAUNCH};
    bool failure = false;

    w->cpu[cpu].vmcs = v;
    if (cpu_vm_entry(&w->cpu[cpu], &w->mem, &op, &failure) != VMERR_NONE ||
        failure)
        w->wrong = "every VM entry succeeds";
}

void world_guest_a_runs(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_A);
}

enum way world_enter_a(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_A);
    return ONWARD;
}

enum way world_enter_b(struct protocol_world *w)
{
    world_enter(w, 0, GUEST_B);
    return ONWARD;
}

void world_exit(struct protocol_world *w, const struct cpu_exit *x)
{
    cpu_vm_exit(&w->cpu[0], x);
}

/* ---- the processor in the guest on CPU 0 ---- */

enum cpu_event world_recognized(struct protocol_world *w)
{
    w->cpu[0].intr = !vecset_empty(&w->s.irr);
    return cpu_recognize(&w->cpu[0]);
}

bool *world_in_handler(struct protocol_world *w)
{
    return &w->s.in_handler[w->cpu[0].vmcs - w->vmcs];
}

bool world_guest_ready(struct protocol_world *w)
{
    return w->s.processing || *world_in_handler(w) ||
           world_recognized(w) != CPU_EVENT_NONE;
}

/* ---- posted-interrupt processing, which nothing interrupts ---- */

/* The mistaken processor clears ON when it has read PIR. */
static unsigned clearing_of_on(const struct protocol_world *w)
{
    return w->protocol->pir_first ? VAPIC_PIR_GROUPS : 0;
}

/* Which group of PIR's vectors the next access takes. */
static unsigned group(const struct protocol_world *w)
{
    unsigned access = w->s.processing;

    return access > clearing_of_on(w) ? access - 1 : access;
}

const char *world_processing(const struct protocol_world *w)
{
    static const char *const takes[VAPIC_PIR_GROUPS] = {
        "posted-interrupt processing takes vectors 00 to 3f from PIR",
        "posted-interrupt processing takes vectors 40 to 7f from PIR",
        "posted-interrupt processing takes vectors 80 to bf from PIR",
        "posted-interrupt processing takes vectors c0 to ff from PIR",
    };

    return w->s.processing == clearing_of_on(w)
               ? "posted-interrupt processing clears ON"
               : takes[group(w)];
}

static void process_posted(struct protocol_world *w)
{
    struct cpu *c = &w->cpu[0];

    if (w->s.processing == clearing_of_on(w))
        vapic_clear_on(c, &w->mem);
    else
        vapic_take_pir(c, &w->mem, group(w), &w->s.taken);
    if (++w->s.processing <= VAPIC_PIR_GROUPS)
        return;
    vapic_end_posted(c, &w->mem, &w->s.taken);
    w->s.taken = (struct vapic_taken){0};
    w->s.processing = 0;
}

/* The acknowledge at the local APIC; true: a VM exit followed. */
static bool take_interrupt(struct protocol_world *w)
{
    uint8_t vector = (uint8_t)vecset_top(&w->s.irr);
    struct cpu_exit x = cpu_intr_exit(true, vector);

    vecset_del(&w->s.irr, vector);
    if (vapic_notifies(&w->cpu[0], vector)) {
        process_posted(w);
        return false;
    }
    world_exit(w, &x);
    return true;
}

static void deliver(struct protocol_world *w)
{
    uint8_t vector = vapic_deliver(&w->cpu[0], &w->mem);

    if (!cpu_if(&w->cpu[0]))
        w->wrong = "no interrupt is delivered while RFLAGS.IF is 0";
    for (unsigned i = 0; i < WORLD_POSTS; i++)
        if (vector == world_vector(i) && ++w->s.delivered[i] > 1 &&
            !w->s.raised)
            w->wrong = "no interrupt is delivered twice";
    w->cpu[0].rflags &= ~(uint64_t)RFLAGS_IF;
    *world_in_handler(w) = true;
}

/* The handler's EOI, and its IRET. */
static bool end_handler(struct protocol_world *w)
{
    struct vapic_out out = vapic_wrmsr(&w->cpu[0], &w->mem, X2APIC_EOI, 0);

    *world_in_handler(w) = w->s.serviced = false;
    w->cpu[0].rflags |= RFLAGS_IF;
    if (out.exits)
        world_exit(w, &out.exit);
    return out.exits;
}

static bool guest_exits(struct protocol_world *w)
{
    switch (world_recognized(w)) {
    case CPU_EVENT_NONE:
        return end_handler(w);
    case CPU_EVENT_VIRTUAL_DELIVERY:
        deliver(w);
        return false;
    default:
        return take_interrupt(w);
    }
}

enum way world_guest_step(struct protocol_world *w)
{
    if (w->s.processing) {
        process_posted(w);
        return ONWARD;
    }
    return guest_exits(w) ? ASIDE : ONWARD;
}

/* ---- agents that several protocols have ---- */

static bool in_flight(struct protocol_world *w)
{
    return !vecset_empty(&w->s.flight);
}

static enum way arrive(struct protocol_world *w)
{
    uint8_t vector = (uint8_t)vecset_top(&w->s.flight);

    vecset_del(&w->s.flight, vector);
    vecset_add(&w->s.irr, vector);
    return ONWARD;
}

const struct protocol_step world_interconnect[] = {
    {"a message reaches CPU 0", in_flight, arrive, {0}},
};

static enum way tick(struct protocol_world *w)
{
    vecset_add(&w->s.irr, TIMER_VECTOR);
    return ++w->s.ticks < 2 ? ONWARD : ASIDE;
}

static bool taken(struct protocol_world *w)
{
    return !vecset_has(&w->s.irr, TIMER_VECTOR);
}

const struct protocol_step world_timer[] = {
    {"the host's timer interrupts CPU 0", taken, tick, {0, FINISHED}},
};

enum { SET_PIR, NOTIFY };

static enum way set_pir(struct protocol_world *w)
{
    world_set_pir(w);
    return ONWARD;
}

static enum way notify(struct protocol_world *w)
{
    uint64_t control = control_of(w);

    if (!(control & PID_SN) && world_set_on(w))
        vecset_add(&w->s.flight, pid_nv(control));
    world_notified(w);
    return w->s.posted < WORLD_POSTS ? ONWARD : ASIDE;
}

const struct protocol_step world_device[] = {
    [SET_PIR] = {"an interrupt of it is posted: its bit of PIR",
                 NULL,
                 set_pir,
                 {NOTIFY}},
    [NOTIFY] = {"the same: ON, and the notification if ON was 0",
                NULL,
                notify,
                {SET_PIR, FINISHED}},
};

static bool comes(const struct protocol_world *w, uint8_t vector)
{
    return vecset_has(&w->s.irr, vector) || vecset_has(&w->s.flight, vector);
}

bool world_forgotten(struct protocol_world *w)
{
    if (!w->cpu[0].non_root || w->s.posting || w->s.processing)
        return false;
    if (w->cpu[0].vmcs == &w->vmcs[GUEST_A])
        return is_posted(w) && !comes(w, NOTIFICATION_VECTOR);
    return w->s.linked && (control_of(w) & PID_ON) && !comes(w, WAKEUP_VECTOR);
}

const char *world_undelivered(struct protocol_world *w)
{
    for (unsigned i = 0; i < w->s.posted; i++)
        if (!w->s.delivered[i])
            return "every interrupt that is posted is delivered";
    return NULL;
}
