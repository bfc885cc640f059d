/* What the two sides of the remapping unit's lock-step test share. */
#ifndef MODELS_IOMMU_TEST_IOMMU_LOCKSTEP_H
#define MODELS_IOMMU_TEST_IOMMU_LOCKSTEP_H

#include "tests/lockstep/lockstep.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As the twin is built for this test. */
#define LOCKSTEP_ENTRIES 8u /* of the cache */
#define LOCKSTEP_WAYS 4u    /* of a set, at most */
#define RECORDS 16u

/* In the order in which one cycle carries them out. */
enum iommu_op {
    OP_MEMORY, /* software writes 16 bytes. address; value, extra: low, high */
    OP_LOAD,   /* address: offset, extra: bytes */
    OP_STORE,
    OP_REQUEST, /* address; value: data; extra: see REQUEST_EXTRA() */
    OP_COUNT,
};

#define REQUEST_EXTRA(bytes, sid) ((uint64_t)(bytes) << 16 | (sid))

/* Of lockstep_setup.value; the period is in instants of the test. */
enum iommu_setup {
    SETUP_FAULTS,
    SETUP_MHMV,
    SETUP_FEATURES, /* SETUP_POSTING and so on */
    SETUP_SETS,
    SETUP_WAYS,
    SETUP_REQUEST_TO_MESSAGE,
    SETUP_APIC_PERIOD,
    SETUP_REPEATS,  /* so many cycles fall on one instant */
    SETUP_BUSY,     /* per mille of cycles with operations */
    SETUP_REQUESTS, /* per cent of those with a request */
    SETUP_LATENCY,  /* the longest delay of memory, in instants */
    SETUP_FAILURES, /* per mille of reads that fail */
    SETUP_INDICES,  /* how many entries the stimulus uses */
    SETUP_SALT,     /* of what memory does, and holds at first */
};

enum iommu_setup_feature {
    SETUP_POSTING = 1,
    SETUP_EXTENDED = 2,
    SETUP_COHERENT = 4,
    SETUP_CACHING = 8,
    SETUP_ESIRTPS = 16,
    SETUP_COMPRESS = 32,
    SETUP_FEATURE_SETS = 64,
};

/* 64 bits have two words, the low half first. */
enum iommu_word {
    SEEN_REG,             /* the page up to offset 100h */
    SEEN_RECORD = 64,     /* four words each */
    SEEN_TABLE = 128,     /* as SIRTP has latched it */
    SEEN_COMMANDED = 130, /* a command waits, and which */
    SEEN_COMMAND,
    SEEN_REQUEST_STATE,
    SEEN_QUEUE_STATE,
    SEEN_QUEUE_RUNS,
    SEEN_QUEUE_WAITED,
    SEEN_CACHED, /* of each way: bit 31 and the index */
    SEEN_NEXT = SEEN_CACHED + LOCKSTEP_ENTRIES,
    SEEN_WAITING = SEEN_NEXT + LOCKSTEP_ENTRIES, /* requests */
    SEEN_TURN,
    SEEN_MEM_KIND, /* what the request wants of memory */
    SEEN_MEM_ADDR,
    SEEN_QUEUE_KIND = SEEN_MEM_ADDR + 2,
    SEEN_QUEUE_ADDR,
    SEEN_QUEUE_WDATA = SEEN_QUEUE_ADDR + 2,
    SEEN_UNLOCK, /* a line is written back */
    SEEN_UNLOCK_ADDR,
    SEEN_UNLOCK_LINE = SEEN_UNLOCK_ADDR + 2,
    SEEN_OUTCOME = SEEN_UNLOCK_LINE + 16,
    SEEN_LOOKUP,
    SEEN_FAULT,
    SEEN_RECORDED,
    SEEN_PASSED_ADDR,
    SEEN_PASSED_DATA = SEEN_PASSED_ADDR + 2,
    SEEN_PASSED_SID,
    SEEN_POSTED_ADDR,
    SEEN_POSTED_VECTOR = SEEN_POSTED_ADDR + 2,
    SEEN_MESSAGE, /* whether; destination; the rest, as the next two */
    SEEN_FAULT_EVENT = SEEN_MESSAGE + 3,
    SEEN_COMPLETION_EVENT = SEEN_FAULT_EVENT + 3,
    SEEN_REFUSED = SEEN_COMPLETION_EVENT + 3,
    SEEN_RDATA,
    SEEN_WARNING = SEEN_RDATA + 2,
    SEEN_LATE_WARNING,
    SEEN_POWER_UP, /* cycle 0: outputs that were not 0 after power-up */
    SEEN_WORDS,
};

enum iommu_rule {
#define RULE(name, sentence) RULE_##name,
#include "models/iommu/test/iommu_rules.def"
#undef RULE
    RULE_COUNT
};

/* The whole block but for its RTL side. */
extern struct lockstep_block iommu_lockstep_block;

/* The instant of a cycle, and whether it begins with this cycle. */
static inline uint64_t iommu_lockstep_instant(const struct lockstep_setup *s,
                                              uint32_t cycle)
{
    return cycle / s->value[SETUP_REPEATS];
}

static inline bool iommu_lockstep_first(const struct lockstep_setup *s,
                                        uint32_t cycle)
{
    return cycle % s->value[SETUP_REPEATS] == 0;
}

/* Of memory (iommu_lockstep_memory.c): 64 KiB, found by the low bits of
 * an address.  A side has one. */
struct lockstep_memory {
    uint8_t byte[1u << 16];
};

#define LOCKSTEP_TABLE UINT64_C(0x1000)
#define LOCKSTEP_OTHER_TABLE UINT64_C(0x2000)
#define LOCKSTEP_QUEUE UINT64_C(0x4000)
#define LOCKSTEP_OTHER_QUEUE UINT64_C(0x6000)
#define LOCKSTEP_PID UINT64_C(0x8000)
#define LOCKSTEP_STATUS UINT64_C(0x9000)
#define LOCKSTEP_PIDS 4u

void lockstep_memory_start(struct lockstep_memory *m,
                           const struct lockstep_setup *s);
void lockstep_memory_read(const struct lockstep_memory *m, uint64_t addr,
                          void *to, unsigned bytes);
void lockstep_memory_write(struct lockstep_memory *m, uint64_t addr,
                           const void *from, unsigned bytes);

/* As iommu_costs.def has them. */
enum lockstep_delay {
    DELAY_ENTRY_READ,
    DELAY_DESCRIPTOR_UPDATE,
    DELAY_QUEUE_READ,
    DELAY_STATUS_WRITE,
    LOCKSTEP_DELAYS
};

/* In instants: what an access takes that begins in this cycle. */
uint64_t lockstep_memory_delay(const struct lockstep_setup *s, uint32_t cycle,
                               enum lockstep_delay what);
/* Whether a read fails that is answered at this instant. */
bool lockstep_memory_fails(const struct lockstep_setup *s, uint64_t instant,
                           uint64_t addr);

/* What software writes there: a table entry, a descriptor of the queue, the
 * quadword of a posted-interrupt descriptor that holds ON, SN, NV and NDST. */
void lockstep_random_entry(struct rng *r, uint64_t entry[2]);
void lockstep_random_descriptor(struct rng *r, uint32_t indices,
                                uint64_t descriptor[2]);
uint64_t lockstep_random_control(struct rng *r);

/* Of the stimulus (iommu_lockstep_stimulus.c). */
void iommu_lockstep_setup(struct rng *r, struct lockstep_setup *s);
uint32_t iommu_lockstep_stimulate(const struct lockstep_view *v,
                                  struct lockstep_op *op);

/* The C side (iommu_lockstep_node.c) and the rules that it met. */
void iommu_lockstep_power_up(void *ctx, const struct lockstep_setup *s);
void iommu_lockstep_cycle(void *ctx, const struct lockstep_cycle *c,
                          uint32_t *seen);
extern uint64_t iommu_rule_hits[RULE_COUNT];

#ifdef __cplusplus
}
#endif

#endif
