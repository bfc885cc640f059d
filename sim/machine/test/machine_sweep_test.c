/*
 * Every combination of the hypervisor's switches, on both platforms: it is
 * refused with the rule that forbids it, or it runs, and then nothing is lost.
 */
#include "models/cpu/vmx_checks.h"
#include "sim/machine/test/rig.h"
#include "sim/scenario/test/load_vm.h"

static const char *const platforms[] = {NEHALEM, SPR};

static const char *const apicv_names[] = {
#define KVM_APICV(name, capability, sentence) #name,
#include "software/kvm_features.def"
#undef KVM_APICV
};

#define APICV_SWITCHES (sizeof apicv_names / sizeof apicv_names[0])
#define ACKNOWLEDGE (1u << APICV_SWITCHES)

/* Two virtual CPUs on each of two CPUs, so that they run, wait for a CPU and
 * block: two send IPIs to each other, one to one that halts.  With their own
 * interrupts of devices, all sources deliver in this time, or one never will.
 */
static const char shared[] =
    "title: t\nplatform: platforms/%s.yaml\nduration: 2ms\n"
    "machine: {cpus: 2, time_slice: 60us, host_timer: 4kHz, iommu: %s}\n"
    "devices:\n"
    "  - {name: nic0, pulse: exponential, pulse_interval: 70us}\n"
    "  - {name: nic1, pulse: exponential, pulse_interval: 70us}\n"
    "programs:\n"
    "  - {name: pings, kind: ipi, message_work: 50000 cycles, handler: 500 "
    "cycles,\n     timer: 5kHz, timer_mode: %s}\n"
    "  - {name: wakes, kind: ipi_wake, message_work: 90000 cycles, handler: "
    "500 "
    "cycles,\n     timer: 3kHz, timer_mode: %s}\n"
    "vms:\n"
    "  - {name: vm0, hypervisor: kvm, cpu: 0, vcpus: 2, assigned: [nic0],\n"
    "     program: pings, %s}\n"
    "  - {name: vm1, hypervisor: kvm, cpu: 0, vcpus: 2, assigned: [nic1],\n"
    "     program: wakes, %s}\n";

/* ELI has each guest alone on its CPU. */
static const char alone[] =
    "title: t\nplatform: platforms/%s.yaml\nduration: 2ms\n"
    "machine: {cpus: 2, host_timer: 4kHz, iommu: %s}\n"
    "devices:\n"
    "  - {name: nic0, pulse: exponential, pulse_interval: 70us}\n"
    "  - {name: nic1, pulse: exponential, pulse_interval: 70us}\n"
    "programs:\n"
    "  - {name: computes, kind: spin, handler: 500 cycles,\n     timer: 5kHz, "
    "timer_mode: %s}\n"
    "  - {name: halts, kind: idle, handler: 500 cycles,\n     timer: 3kHz, "
    "timer_mode: %s}\n"
    "vms:\n"
    "  - {name: vm0, hypervisor: kvm, cpu: 0, assigned: [nic0],\n"
    "     program: computes, %s}\n"
    "  - {name: vm1, hypervisor: kvm, cpu: 1, assigned: [nic1],\n"
    "     program: halts, %s}\n";

struct choice {
    const char *platform;
    unsigned switches; /* of apicv_names, and ACKNOWLEDGE */
    bool eli, pv_eoi, halt_poll, x2apic;
    bool eli_exitless_eoi, vtd_posting; /* what others need, or they refuse */
    enum kvm_guest_timer timer;
};

static void append(char *to, size_t room, const char *word)
{
    size_t used = strlen(to);

    snprintf(to + used, room - used, "%s%s", used ? ", " : "", word);
}

static void features_of(const struct choice *c, char *to, size_t room)
{
    static const char *const timers[] = {
        [KVM_TIMER_HOST] = "guest_timer: host",
        [KVM_TIMER_PREEMPTION] = "guest_timer: preemption",
        [KVM_TIMER_VIRTUALIZED] = "guest_timer: virtualized",
    };

    *to = 0;
    for (unsigned i = 0; i < APICV_SWITCHES; i++) {
        char word[64];

        snprintf(word, sizeof word, "%s: true", apicv_names[i]);
        if (c->switches >> i & 1)
            append(to, room, word);
    }
    if (c->switches & ACKNOWLEDGE)
        append(to, room, "acknowledge_on_exit: true");
    if (c->eli)
        append(to, room, "eli: true");
    if (c->eli_exitless_eoi)
        append(to, room, "eli_exitless_eoi: true");
    if (c->vtd_posting)
        append(to, room, "vtd_posting: true");
    if (c->pv_eoi)
        append(to, room, "pv_eoi: true");
    if (c->halt_poll)
        append(to, room, "halt_poll: 20us");
    append(to, room, timers[c->timer]);
}

/* It names its destinations as the guests' APICs are named. */
static const char *unit_of(const struct choice *c)
{
    if (!c->vtd_posting)
        return "{units: 0}";
    return c->x2apic ? "{units: 1}" : "{units: 1, x2apic: false}";
}

static struct loaded load(const struct choice *c)
{
    char features[512], vm[600], text[3000];
    const char *mode =
        c->timer == KVM_TIMER_VIRTUALIZED ? "tsc_deadline" : "one_shot";

    features_of(c, features, sizeof features);
    snprintf(vm, sizeof vm, "apic: %s, features: {%s}",
             c->x2apic ? "x2apic" : "xapic", features);
    snprintf(text, sizeof text, c->eli ? alone : shared, c->platform,
             unit_of(c), mode, mode, vm, vm);
    return load_text(text, NULL, 0);
}

/* ---- what is refused ---- */

/* Of the guest's mode the one way or the other is virtualized, not both. */
static uint32_t secondary_of(const struct kvm_apicv *f, bool x2apic)
{
    return (x2apic && f->x2apic_virt ? SECONDARY_VIRTUALIZE_X2APIC : 0) |
           (!x2apic && f->apic_access_page ? SECONDARY_VIRTUALIZE_APIC_ACCESSES
                                           : 0) |
           (f->apic_register_virtualization
                ? SECONDARY_APIC_REGISTER_VIRTUALIZATION
                : 0) |
           (f->virtual_interrupt_delivery ? SECONDARY_VIRTUAL_INTERRUPT_DELIVERY
                                          : 0);
}

static void fill(struct vmcs *v, const struct kvm_apicv *f, bool acknowledge,
                 bool x2apic)
{
    vmcs_init(v);
    vmcs_set(v, VMCS_PIN_CONTROLS,
             PIN_DEFAULT1 | PIN_EXTERNAL_INTERRUPT_EXITING |
                 (f->posted_interrupts ? PIN_POSTED_INTERRUPTS : 0));
    vmcs_set(v, VMCS_PRIMARY_CONTROLS,
             PRIMARY_DEFAULT1 | PRIMARY_SECONDARY |
                 (f->tpr_shadow ? PRIMARY_TPR_SHADOW : 0) |
                 (f->ipiv ? PRIMARY_TERTIARY : 0));
    vmcs_set(v, VMCS_SECONDARY_CONTROLS, secondary_of(f, x2apic));
    vmcs_set(v, VMCS_TERTIARY_CONTROLS,
             f->ipiv ? TERTIARY_IPI_VIRTUALIZATION : 0);
    if (acknowledge)
        vmcs_set(v, VMCS_EXIT_CONTROLS,
                 vmcs_get(v, VMCS_EXIT_CONTROLS) | EXIT_CTL_ACKNOWLEDGE);
}

static struct kvm_apicv apicv_of(unsigned switches)
{
    unsigned i = 0;

    return (struct kvm_apicv){
#define KVM_APICV(name, capability, sentence) .name = switches >> i++ & 1,
#include "software/kvm_features.def"
#undef KVM_APICV
    };
}

/* Would a processor enter a guest in either mode of its APIC? */
static bool enters(const struct choice *c, const struct platform *platform)
{
    struct vmx_capabilities vmx =
        vmx_capabilities_of(platform->capabilities.vmx, 5);
    struct kvm_apicv f = apicv_of(c->switches);
    struct mem_page page[4];
    struct vmcs v;
    struct mem mem;
    struct vmx_checked checked = {&v, &vmx, &mem};
    bool legal = true;

    mem_init(&mem, page, 4);
    for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
        fill(&v, &f, c->switches & ACKNOWLEDGE, x2apic);
        legal = legal && vmx_controls_legal(&checked);
    }
    return legal;
}

static struct platform platform_of(const char *name)
{
    struct choice plain = {.platform = name};
    struct loaded l = load(&plain);
    struct platform p = l.set->variant[0].platform;

    loaded_free(&l);
    return p;
}

TEST(kvm_sweep, check_refuses_what_no_vm_entry_would_take_and_nothing_else)
{
    for (unsigned p = 0; p < 2; p++) {
        struct platform platform = platform_of(platforms[p]);

        for (unsigned switches = 0; switches < 2 * ACKNOWLEDGE; switches++) {
            struct choice c = {.platform = platforms[p], .switches = switches};
            struct loaded l = load(&c);

            EXPECT_EQ(l.set != NULL, enters(&c, &platform), "%s, %x: %s",
                      platforms[p], switches, l.diag.text ? l.diag.text : "");
            if (!l.set)
                EXPECT_TRUE(strstr(l.diag.text, " needs ") != NULL, "%s",
                            l.diag.text);
            loaded_free(&l);
        }
    }
}

/* ---- what runs ---- */

static void expect_delivered(const struct figures *f, const char *source,
                             const char *of)
{
    char key[80];

    snprintf(key, sizeof key, "interrupts.by_source.%s.delivered", source);
    EXPECT_GT(rig_count(f, key), 2, "%s of %s", source, of);
}

/* All that was sent by any source arrives, but for what is under way. */
static void expect_run(const struct choice *c, const struct scenario *s)
{
    static const char *const sources[] = {"nic0",      "nic1",    "vm0.timer",
                                          "vm1.timer", "vm0.ipi", "vm1.ipi"};
    struct machine *m = machine_build_small(s);
    const char *complaint;
    struct figures f;
    char what[512];

    features_of(c, what, sizeof what);
    append(what, sizeof what, c->platform);
    append(what, sizeof what, c->x2apic ? "x2apic" : "xapic");
    figures_init(&f);
    machine_run(m, machine_end(m));
    complaint = machine_finish(m, &f);
    EXPECT_TRUE(!complaint, "%s: %s", what, complaint ? complaint : "");
    for (unsigned i = 0; i < (c->eli ? 4 : 6); i++)
        expect_delivered(&f, sources[i], what);
    EXPECT_TRUE(c->eli || m->host->counts.preemptions > 2, "%s", what);
    EXPECT_TRUE(c->eli || m->host->counts.wakeups > 2, "%s", what);
    figures_free(&f);
    machine_free(m);
}

/* Runs the combination, or sees it refused with a rule; true if it ran. */
static bool runs(const struct choice *c)
{
    struct loaded l = load(c);
    bool legal = l.set != NULL;

    if (legal)
        expect_run(c, &l.set->variant[0]);
    else
        EXPECT_TRUE(strstr(l.diag.text, " needs ") ||
                        strstr(l.diag.text, " excludes "),
                    "%s", l.diag.text);
    loaded_free(&l);
    return legal;
}

/* The other switches, as bits of a number. */
static struct choice choice_of(const char *platform, unsigned switches,
                               unsigned others)
{
    return (struct choice){
        .platform = platform,
        .switches = switches,
        .eli = others & 1,
        .pv_eoi = others & 2,
        .halt_poll = others & 4,
        .x2apic = others & 8,
        .timer = (enum kvm_guest_timer)(others >> 4),
    };
}

#define OTHERS (3u << 4)

/* Those with every set of switches that the test above sees accepted. */
static unsigned run_all(const char *name)
{
    struct platform platform = platform_of(name);
    unsigned ran = 0;

    for (unsigned i = 0; i < 2 * ACKNOWLEDGE * OTHERS; i++) {
        struct choice c = choice_of(name, i / OTHERS, i % OTHERS);

        if (!enters(&c, &platform))
            continue;
        ran += runs(&c);
        c.eli_exitless_eoi = c.eli;
        c.vtd_posting = apicv_of(c.switches).posted_interrupts;
        if (c.eli_exitless_eoi || c.vtd_posting)
            ran += runs(&c);
    }
    return ran;
}

TEST(kvm_sweep, what_others_need_is_refused_without_them)
{
    struct choice posting = {.platform = SPR, .vtd_posting = true};
    struct choice eoi = {.platform = SPR, .eli_exitless_eoi = true};

    EXPECT_FALSE(runs(&posting));
    EXPECT_FALSE(runs(&eoi));
}

TEST(kvm_sweep, whatever_is_not_refused_runs_and_loses_nothing)
{
    EXPECT_GT(run_all(NEHALEM), 100);
    EXPECT_GT(run_all(SPR), 1000);
}
