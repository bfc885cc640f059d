/*
 * A VT-d remapping unit, interrupt side: what it does.
 *
 * Modelled: the register file, set-up of table and queue through GCMD and
 * GSTS, compatibility and remappable requests, remapped and posted entries,
 * source validation, every fault reason of an interrupt, fault records, the
 * fault event and the invalidation event, the interrupt-entry cache and the
 * invalidation queue.
 * Left out: DMA remapping (its commands are acknowledged, its invalidations do
 * nothing), advanced fault logging, scalable mode, device TLBs.
 *
 * Tables and descriptors are in memory, which the unit reaches through two
 * ports, one for requests and one for the queue.  A call never waits: while
 * iommu_access() of a port wants something, the caller does it and gives the
 * result to iommu_answer().  One request is in the unit at a time; both ports
 * work side by side.
 *
 * VT-d specification, "Interrupt Remapping and Interrupt Posting", "Caching
 * Translation Information", "Hardware Handling of Faults", "Register
 * Descriptions".
 */
#ifndef MODELS_IOMMU_IOMMU_H
#define MODELS_IOMMU_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/core/pid.h"

#define IOMMU_FAULTS_MAX 16u  /* fault records */
#define IOMMU_CACHE_MAX 1024u /* entries of the interrupt-entry cache */
#define IOMMU_WAYS_MAX 64u
#define IOMMU_PAGE_BYTES 4096u
/* A posted-interrupt descriptor, in quadwords. */
#define IOMMU_LINE_WORDS (PID_BYTES / 8)

enum iommu_reg {
#define REG(name, offset, bytes, step, reset, writable, clears, access, title) \
    IOMMU_##name,
#define OPTION(name, feature, bits)
#include "models/iommu/iommu_regs.def"
#undef REG
#undef OPTION
    IOMMU_REGS
};

/* By their offset; of the fault records the first. */
enum iommu_offset {
#define REG(name, offset, bytes, step, reset, writable, clears, access, title) \
    IOMMU_AT_##name = (offset),
#define OPTION(name, feature, bits)
#include "models/iommu/iommu_regs.def"
#undef REG
#undef OPTION
};

enum iommu_reg_access { IOMMU_REG_RO, IOMMU_REG_RW, IOMMU_REG_WO };

enum iommu_fault {
    IOMMU_FAULT_NONE,
#define FAULT(name, code, qualified, sentence) IOMMU_FAULT_##name = (code),
#include "models/iommu/iommu_faults.def"
#undef FAULT
};

enum iommu_warning {
    IOMMU_WARNING_NONE,
#define WARNING(name, text, rule) IOMMU_WARNING_##name,
#include "models/iommu/iommu_warnings.def"
#undef WARNING
    IOMMU_WARNING_COUNT
};

/* GCMD and GSTS: the same places. */
#define IOMMU_TE (1u << 31)
#define IOMMU_SRTP (1u << 30)
#define IOMMU_WBF (1u << 27)
#define IOMMU_QIE (1u << 26)
#define IOMMU_IRE (1u << 25)
#define IOMMU_SIRTP (1u << 24)
#define IOMMU_CFI (1u << 23)
#define IOMMU_LEVEL_COMMANDS (IOMMU_TE | IOMMU_QIE | IOMMU_IRE | IOMMU_CFI)
#define IOMMU_ONE_SHOTS (IOMMU_SRTP | IOMMU_WBF | IOMMU_SIRTP)

/* FSTS */
#define IOMMU_PFO (1u << 0)
#define IOMMU_PPF (1u << 1)
#define IOMMU_IQE (1u << 4)
#define IOMMU_ICE (1u << 5)
#define IOMMU_ITE (1u << 6)
#define IOMMU_FRI_SHIFT 8

/* FECTL and IECTL */
#define IOMMU_EVENT_MASKED (1u << 31)
#define IOMMU_EVENT_PENDING (1u << 30)

#define IOMMU_ICS_IWC 1u
#define IOMMU_IRTA_EIME (1u << 11)
#define IOMMU_IRTA_SIZE 0xfu
#define IOMMU_RECORD_F (UINT64_C(1) << 63) /* of bits 127:64 */
#define IOMMU_RECORD_REASON_SHIFT 32
#define IOMMU_RECORD_INDEX_SHIFT 48 /* of bits 63:0 */

/* Interrupt remapping table entry, bits 63:0; of bits 127:64 SID is the
 * lowest field. */
#define IOMMU_IRTE_P (1u << 0)
#define IOMMU_IRTE_FPD (1u << 1)
#define IOMMU_IRTE_DM (1u << 2)
#define IOMMU_IRTE_RH (1u << 3)
#define IOMMU_IRTE_TM (1u << 4)
#define IOMMU_IRTE_DLM_SHIFT 5
#define IOMMU_IRTE_URG (1u << 14)
#define IOMMU_IRTE_IM (1u << 15)
#define IOMMU_IRTE_VECTOR_SHIFT 16
#define IOMMU_IRTE_DST_SHIFT 32
#define IOMMU_IRTE_DST8_SHIFT 40 /* EIME = 0 */
#define IOMMU_IRTE_SQ_SHIFT 16
#define IOMMU_IRTE_SVT_SHIFT 18

enum iommu_svt {
    IOMMU_SVT_NONE,
    IOMMU_SVT_SID,
    IOMMU_SVT_BUS,
    IOMMU_SVT_RESERVED
};

/* Descriptors of the invalidation queue. */
enum iommu_descriptor_type {
    IOMMU_CONTEXT_INVALIDATE = 1,
    IOMMU_IOTLB_INVALIDATE = 2,
    IOMMU_DEVICE_TLB_INVALIDATE = 3,
    IOMMU_IEC_INVALIDATE = 4,
    IOMMU_WAIT = 5,
};
#define IOMMU_DESCRIPTOR_BYTES 16u
#define IOMMU_IEC_SELECTIVE (1u << 4) /* G */
#define IOMMU_IEC_IM_SHIFT 27
#define IOMMU_IEC_IIDX_SHIFT 32
#define IOMMU_WAIT_IF (1u << 4)
#define IOMMU_WAIT_SW (1u << 5)
#define IOMMU_WAIT_FN (1u << 6)
#define IOMMU_WAIT_DATA_SHIFT 32

/* IQERCD bits 3:0 */
enum iommu_queue_error {
    IOMMU_QUEUE_INVALID_TAIL = 1,
    IOMMU_QUEUE_FETCH = 2,
    IOMMU_QUEUE_TYPE = 3,
    IOMMU_QUEUE_RESERVED = 4,
};

struct iommu_config {
    uint8_t faults; /* fault records, 1 .. IOMMU_FAULTS_MAX */
    uint8_t mhmv;   /* ECAP.MHMV: the largest index mask */
    bool posting;   /* CAP.PI */
    bool extended;  /* ECAP.EIM: 32-bit destinations can be chosen */
    bool coherent;  /* ECAP.C */
    bool caching;   /* CAP.CM: entries that are not present are cached too */
    bool esirtps;   /* CAP.ESIRTPS: SIRTP invalidates the cache */
    bool compress;  /* a pending record of the same source absorbs a fault */
    uint16_t sets;  /* of the interrupt-entry cache; a power of two */
    uint16_t ways;  /* 0: there is no cache */
};

struct iommu_entry {
    uint64_t low, high;
};

struct iommu_cache {
    struct iommu_cached {
        bool valid;
        uint16_t index;
        struct iommu_entry entry;
    } way[IOMMU_CACHE_MAX];        /* set s: from s * ways on */
    uint8_t next[IOMMU_CACHE_MAX]; /* of each set: the way to replace */
};

/* A write of a device to FEEx_xxxxh. */
struct iommu_request {
    uint64_t addr;
    uint32_t data;
    uint32_t bytes;
    uint16_t sid; /* bus 15:8, device 7:3, function 2:0 */
};

enum iommu_port { IOMMU_PORT_REQUEST, IOMMU_PORT_QUEUE, IOMMU_PORTS };

enum iommu_request_state {
    IOMMU_IDLE,
    IOMMU_READS_ENTRY,
    IOMMU_LOCKS_DESCRIPTOR,
    IOMMU_WRITES_DESCRIPTOR,
};

enum iommu_queue_state {
    IOMMU_QUEUE_IDLE,
    IOMMU_QUEUE_FETCHES,
    IOMMU_QUEUE_DRAINS, /* an invalidation waits for the request in the unit */
    IOMMU_QUEUE_WRITES_STATUS,
};

struct iommu {
    struct iommu_config config;
    uint64_t reg[IOMMU_REGS]; /* those that are stored */
    uint64_t record[IOMMU_FAULTS_MAX][2];
    uint8_t next_record;
    uint64_t table;   /* IRTA as SIRTP has latched it */
    bool commanded;   /* `command` waits for the request in the unit */
    uint32_t command; /* GCMD as written last */
    uint8_t state;    /* enum iommu_request_state */
    struct iommu_request request;
    uint32_t index;                  /* its interrupt_index */
    struct iommu_entry entry;        /* its table entry */
    uint64_t line[IOMMU_LINE_WORDS]; /* its descriptor, to be written back: */
    bool line_invalid;               /* as it came, */
    bool notify;                     /* or posted, and then to be told of */
    uint8_t queue_state;             /* enum iommu_queue_state */
    bool queue_runs;        /* from a write of IQT until empty or in error */
    bool queue_waited;      /* the last descriptor was a wait */
    uint64_t descriptor[2]; /* that the queue is at */
    struct iommu_cache cache;
};

enum iommu_outcome {
    IOMMU_NOTHING,     /* no request ended with this call */
    IOMMU_PASSED,      /* in compatibility format, as it came */
    IOMMU_REMAPPED,    /* `message` is sent */
    IOMMU_POSTED,      /* a PIR bit is set; `message` if `notify` */
    IOMMU_BLOCKED,     /* `fault` */
    IOMMU_NOT_REQUEST, /* not one doubleword: no interrupt */
};

enum iommu_lookup { IOMMU_NO_LOOKUP, IOMMU_HIT, IOMMU_MISS };

/* An interrupt message; edge or level, always assert. */
struct iommu_message {
    uint32_t dest;
    uint8_t vector;
    uint8_t mode; /* enum delivery_mode */
    bool logical, hint, level;
    bool dest8; /* 8-bit destination: FFh is the broadcast */
};

/* What changed outside because of one call. */
struct iommu_out {
    uint8_t outcome;     /* enum iommu_outcome */
    uint8_t lookup;      /* enum iommu_lookup */
    uint8_t fault;       /* enum iommu_fault */
    bool recorded;       /* ... and it has a record */
    bool notify;         /* of a posted one: there is a message */
    uint8_t vector;      /* of a posted one: in the PIR ... */
    uint64_t descriptor; /* ... of the descriptor at this address */
    bool fault_event, invalidation_event; /* iommu_event() is sent */
    uint8_t warning;                      /* enum iommu_warning */
    struct iommu_message message;
};

/* What the unit wants of a port.  A locked line belongs to the unit until it
 * is written back: nobody else changes it in between. */
enum iommu_access_kind {
    IOMMU_ACCESS_NONE,
    IOMMU_ACCESS_READ,
    IOMMU_ACCESS_WRITE,
    IOMMU_ACCESS_LOCK,   /* read a line, keep it */
    IOMMU_ACCESS_UNLOCK, /* write it back, let it go */
};

struct iommu_access {
    uint8_t kind; /* enum iommu_access_kind */
    uint8_t bytes;
    uint64_t addr;
    uint64_t data[IOMMU_LINE_WORDS]; /* what is written */
};

/* An access; `offset` into the page, `bytes` 1, 2, 4 or 8. */
struct iommu_mmio {
    uint32_t offset;
    unsigned bytes;
    uint64_t value;
};

enum iommu_event { IOMMU_FAULT_EVENT, IOMMU_INVALIDATION_EVENT, IOMMU_EVENTS };

/* As after power-up. */
void iommu_init(struct iommu *u, const struct iommu_config *c);

/* A request arrives; only while iommu_idle().  It ends with this call, or with
 * an answer of IOMMU_PORT_REQUEST.  `out` is filled in. */
void iommu_request(struct iommu *u, const struct iommu_request *r,
                   struct iommu_out *out);

static inline bool iommu_idle(const struct iommu *u)
{
    return u->state == IOMMU_IDLE;
}

/* Which access a port wants now, if any: the same until it is answered. */
enum iommu_access_kind iommu_wants(const struct iommu *u, enum iommu_port port);
struct iommu_access iommu_access(const struct iommu *u, enum iommu_port port);

/* It was done; `data` is what was read, or NULL: the place cannot be accessed.
 * Of a write it only counts that it is over.  `out` is filled in. */
void iommu_answer(struct iommu *u, enum iommu_port port, const uint64_t *data,
                  struct iommu_out *out);

/* The message of an event as its registers are now: never remapped. */
struct iommu_message iommu_event(const struct iommu *u, enum iommu_event e);

/* Software's side.  A read changes nothing; its result can hold a warning.
 * Eight bytes are two accesses, the low half first. */
struct iommu_out iommu_read(const struct iommu *u, struct iommu_mmio *a);
struct iommu_out iommu_write(struct iommu *u, const struct iommu_mmio *a);

/* NULL, or the first broken invariant in words. */
const char *iommu_check(const struct iommu *u);

const char *iommu_warning_name(enum iommu_warning warning);

#endif
