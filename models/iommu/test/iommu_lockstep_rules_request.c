/* Rules that the lock-step test counts: what requests meet. */
#include "models/iommu/test/iommu_lockstep_rules.h"
#include "sim/core/msg.h"

#define meet iommu_rules_meet

uint64_t iommu_rule_hits[RULE_COUNT];

#define FORMAT_REMAPPABLE (1u << 4)
#define SHV (1u << 3)

static bool has(const struct iommu *u, uint32_t bits)
{
    return (u->reg[IOMMU_GSTS] & bits) != 0;
}

static bool extended(const struct iommu *u)
{
    return (u->table & IOMMU_IRTA_EIME) != 0;
}

/* A request in remappable format that is looked up. */
static void looked_up(const struct iommu *u)
{
    const struct iommu_request *r = &u->request;
    bool subhandle = r->addr & SHV;

    meet(RULE_DATA_IGNORED, !subhandle && r->data >> 16);
    meet(RULE_SUBHANDLE, subhandle && r->data & 0xffff);
    meet(RULE_HANDLE_15, r->addr >> 2 & 1);
}

/* A fault that a request has before its entry is known. */
static void refused(const struct iommu_moments *m, uint32_t fault)
{
    const struct iommu_request *r = &m->due->request;
    const struct iommu *u = m->start;

    meet(RULE_COMPAT_BLOCKED,
         fault == IOMMU_FAULT_FORMAT_BLOCKED && !extended(u));
    meet(RULE_COMPAT_EXTENDED, fault == IOMMU_FAULT_FORMAT_BLOCKED &&
                                   extended(u) && has(u, IOMMU_CFI));
    if (fault == IOMMU_FAULT_REQUEST_RESERVED) {
        meet(RULE_REQUEST_DATA, !(r->addr >> 32));
        meet(RULE_REQUEST_ADDRESS, r->addr >> 32);
    }
    if (fault == IOMMU_FAULT_INDEX_BEYOND_TABLE) {
        meet(RULE_BEYOND, m->due->index <= UINT16_MAX);
        meet(RULE_BEYOND_16, m->due->index > UINT16_MAX);
    }
}

static enum iommu_svt svt_of(const struct iommu_entry *e)
{
    return (enum iommu_svt)(e->high >> IOMMU_IRTE_SVT_SHIFT & 3);
}

static void invalid(const struct iommu_moments *m)
{
    const struct iommu_entry *e = &m->due->entry;
    bool posted = e->low & IOMMU_IRTE_IM;
    unsigned mode = e->low >> IOMMU_IRTE_DLM_SHIFT & 7;
    bool bad_mode = mode == DELIVERY_RESERVED3 || mode == DELIVERY_SIPI;
    bool wide = e->low >> 32 & 0xffff00ff;

    meet(RULE_NO_POSTING, posted && !m->start->config.posting);
    meet(RULE_INVALID_POSTED, posted && m->start->config.posting);
    meet(RULE_INVALID_MODE, !posted && bad_mode);
    meet(RULE_INVALID_DST, !posted && !bad_mode && wide && !extended(m->start));
    meet(RULE_INVALID_REMAPPED,
         !posted && !bad_mode && (!wide || extended(m->start)));
    meet(RULE_INVALID_FIRST, svt_of(e) == IOMMU_SVT_RESERVED);
}

static void suppressed(uint32_t fault)
{
    meet(RULE_FPD_22, fault == IOMMU_FAULT_ENTRY_NOT_PRESENT);
    meet(RULE_FPD_24, fault == IOMMU_FAULT_ENTRY_INVALID);
    meet(RULE_FPD_26, fault == IOMMU_FAULT_SOURCE_REFUSED);
    meet(RULE_FPD_27, fault == IOMMU_FAULT_DESCRIPTOR_ERROR);
    meet(RULE_FPD_28, fault == IOMMU_FAULT_DESCRIPTOR_INVALID);
}

static void blocked(const struct iommu_moments *m, uint32_t fault)
{
    const struct iommu_entry *e = &m->due->entry;

    refused(m, fault);
    meet(RULE_NOT_PRESENT, fault == IOMMU_FAULT_ENTRY_NOT_PRESENT);
    meet(RULE_READ_ERROR, fault == IOMMU_FAULT_ENTRY_READ_ERROR);
    meet(RULE_DESCRIPTOR_ERROR, fault == IOMMU_FAULT_DESCRIPTOR_ERROR);
    meet(RULE_DESCRIPTOR_INVALID, fault == IOMMU_FAULT_DESCRIPTOR_INVALID);
    if (fault == IOMMU_FAULT_ENTRY_INVALID)
        invalid(m);
    if (fault == IOMMU_FAULT_SOURCE_REFUSED) {
        meet(RULE_SOURCE_SID, svt_of(e) == IOMMU_SVT_SID);
        meet(RULE_SOURCE_BUS, svt_of(e) == IOMMU_SVT_BUS);
        meet(RULE_SOURCE_RESERVED, svt_of(e) == IOMMU_SVT_RESERVED);
        meet(RULE_REFUSED_HIT, m->seen[SEEN_LOOKUP] == IOMMU_HIT);
    }
    if (e->low & IOMMU_IRTE_FPD && !m->seen[SEEN_RECORDED] &&
        !(m->start->reg[IOMMU_FSTS] & IOMMU_PFO))
        suppressed(fault);
}

static void sent(const struct iommu_moments *m)
{
    uint32_t dest = m->seen[SEEN_MESSAGE + 1];
    uint32_t fields = m->seen[SEEN_MESSAGE + 2], mode = fields >> 4 & 7;

    meet(RULE_SENT_LOWEST, mode == DELIVERY_LOWEST);
    meet(RULE_SENT_SMI, mode == DELIVERY_SMI);
    meet(RULE_SENT_NMI, mode == DELIVERY_NMI);
    meet(RULE_SENT_INIT, mode == DELIVERY_INIT);
    meet(RULE_SENT_EXTINT, mode == DELIVERY_EXTINT);
    meet(RULE_SENT_LEVEL, fields & 2);
    meet(RULE_SENT_HINT, fields & 4);
    meet(RULE_SENT_LOGICAL, fields & 8);
    meet(RULE_SENT_EXTENDED, dest > UINT8_MAX);
}

static void posted(const struct iommu_moments *m)
{
    uint32_t control = m->seen[SEEN_UNLOCK_LINE + 2 * PID_CONTROL / 8];
    uint32_t ndst = m->seen[SEEN_UNLOCK_LINE + 2 * PID_CONTROL / 8 + 1];
    bool notifies = m->seen[SEEN_MESSAGE] != 0;

    meet(RULE_POSTED_NOTIFIES, notifies && !(control & PID_SN));
    meet(RULE_POSTED_URGENT, notifies && control & PID_SN);
    meet(RULE_POSTED_ON, !notifies && control & PID_ON);
    meet(RULE_POSTED_SN, !notifies && !(control & PID_ON));
    meet(RULE_POSTED_EXTENDED, notifies && ndst & 0xffff00ff);
    meet(RULE_POSTED_HIGH, m->seen[SEEN_POSTED_ADDR + 1]);
}

/* The source passed, though it is not the entry's own. */
static void used(const struct iommu_moments *m)
{
    const struct iommu_entry *e = &m->due->entry;
    uint16_t differs = (uint16_t)e->high ^ m->due->request.sid;

    meet(RULE_SOURCE_MASKED, svt_of(e) == IOMMU_SVT_SID && differs);
    meet(RULE_SOURCE_IN_RANGE, svt_of(e) == IOMMU_SVT_BUS);
}

void iommu_rules_request(const struct iommu_moments *m)
{
    uint32_t outcome = m->seen[SEEN_OUTCOME];

    meet(RULE_NOT_DOUBLEWORD, outcome == IOMMU_NOT_REQUEST);
    meet(RULE_DISABLED_PASSES, outcome == IOMMU_PASSED &&
                                   !has(m->start, IOMMU_IRE) &&
                                   m->due->request.addr & FORMAT_REMAPPABLE);
    meet(RULE_COMPAT_PASSES,
         outcome == IOMMU_PASSED && has(m->start, IOMMU_IRE));
    if (m->seen[SEEN_LOOKUP])
        looked_up(m->due);
    if (outcome == IOMMU_BLOCKED)
        blocked(m, m->seen[SEEN_FAULT]);
    if (outcome == IOMMU_REMAPPED)
        sent(m);
    if (outcome == IOMMU_POSTED)
        posted(m);
    if (outcome == IOMMU_REMAPPED || outcome == IOMMU_POSTED)
        used(m);
}
