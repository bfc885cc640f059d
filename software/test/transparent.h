/* The same program on the bare machine and in a guest: what it notes. */
#ifndef SOFTWARE_TEST_TRANSPARENT_H
#define SOFTWARE_TEST_TRANSPARENT_H

#include "software/idt.h"
#include "software/test/moments.h"
#include "software/test/rungs.h"

#define LOGGED_MAX 400u
#define APIC_DELAY 2000u
#define TAKEN 0x10000u /* in the log: an interrupt or a fault */

struct taken {
    uint64_t log[LOGGED_MAX];
    unsigned count;
};

static inline void note(void *self, struct cpu_env *env, uint64_t what)
{
    struct taken *t = self;

    ASSERT_LT(t->count, LOGGED_MAX);
    t->log[t->count++] = what ? what : env->cpu->gpr[RAX];
}

/* Drops the error code, and skips the op. */
static inline void leave_fault(void *self, struct cpu_env *env, uint64_t arg)
{
    struct cpu *c = env->cpu;

    (void)self;
    (void)arg;
    c->rsp += 8;
    mem_write64(env->mem, c->rsp, rip_plus(mem_read64(env->mem, c->rsp), 1));
}

/* The CPUs or virtual CPUs have the APIC IDs 0 and 1. */
static inline struct scenario bare(enum scenario_apic_mode apic)
{
    struct scenario s = moment_scenario(RIG_BARE_METAL);

    s.vm[0].apic = s.vm[1].apic = apic;
    return s;
}

static inline struct scenario guest(enum scenario_apic_mode apic,
                                    struct kvm_apicv apicv)
{
    struct scenario s = moment_scenario(RIG_KVM);

    s.vm_count = s.program_count = 1;
    s.vm[0].cpus = s.vm[0].vcpus = 2;
    s.vm[0].apic = apic;
    s.vm[0].features.apicv = apicv;
    return s;
}

static inline void expect_same(const struct taken *real,
                               const struct taken *virtual, uint64_t seed)
{
    unsigned i = 0;

    while (i < real->count && i < virtual->count &&
           real->log[i] == virtual->log[i])
        i++;
    EXPECT_EQ(i, real->count, "program %ju: %jx of %u instead of %jx",
              (uintmax_t)seed, (uintmax_t) virtual->log[i], virtual->count,
              (uintmax_t)real->log[i]);
    EXPECT_EQ(virtual->count, real->count, "program %ju", (uintmax_t)seed);
}

#endif
