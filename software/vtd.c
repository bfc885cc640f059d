/* The driver of vtd.h. */
#include "software/vtd.h"

#include <assert.h>

#include "software/lock.h"

#define QUEUE_OFFSET 0x100000u /* behind the largest table */
#define STATUS_OFFSET 0x101000u
#define QUEUE_BYTES 4096u
#define SCRATCH 64u /* from the status on */
#define LOCK 128u   /* likewise */

/* "Remappable format": of addresses, and in the same order in RTEs. */
#define ADDRESS UINT32_C(0xfee00010)
#define ADDRESS_SHV (1u << 3)
#define ADDRESS_HANDLE_SHIFT 5
#define ADDRESS_HANDLE_15_SHIFT 2
#define RTE_HANDLE_SHIFT 17 /* in the high half */
#define RTE_FORMAT (1u << 16)
#define HANDLE_LOW 0x7fffu

void vtd_init(struct vtd *v, const struct vtd_config *c)
{
    *v = (struct vtd){
        .config = *c,
        .table = c->memory,
        .queue = c->memory + QUEUE_OFFSET,
        .status = c->memory + STATUS_OFFSET,
        .lock = c->memory + STATUS_OFFSET + LOCK,
    };
}

/* ---- the queue ---- */

static void append(struct vtd *v, struct mem *m, uint64_t low, uint64_t high)
{
    mem_write64(m, v->queue + v->tail, low);
    mem_write64(m, v->queue + v->tail + 8, high);
    v->tail = (v->tail + IOMMU_DESCRIPTOR_BYTES) % QUEUE_BYTES;
}

static void append_wait(struct vtd *v, struct mem *m)
{
    append(v, m,
           IOMMU_WAIT | IOMMU_WAIT_SW |
               (uint64_t)++v->serial << IOMMU_WAIT_DATA_SHIFT,
           v->status);
}

static bool waited(const struct vtd *v, struct mem *m)
{
    return mem_read32(m, v->status) == v->serial;
}

static uint64_t irta_of(const struct vtd *v)
{
    uint32_t size = (uint32_t)__builtin_ctz(v->config.entries) - 1;

    return v->table | size | (v->config.x2apic ? IOMMU_IRTA_EIME : 0);
}

/* CFI before IRE: nothing that comes meanwhile is blocked. */
void vtd_enable(struct vtd *v, struct mem *m, const struct vtd_registers *r)
{
    uint32_t levels = IOMMU_QIE | (v->config.compatibility ? IOMMU_CFI : 0);

    r->put(r->unit, IOMMU_AT_IQA, 8, v->queue);
    r->put(r->unit, IOMMU_AT_GCMD, 4, IOMMU_QIE);
    r->put(r->unit, IOMMU_AT_IRTA, 8, irta_of(v));
    r->put(r->unit, IOMMU_AT_GCMD, 4, IOMMU_QIE | IOMMU_SIRTP);
    append(v, m, IOMMU_IEC_INVALIDATE, 0);
    append_wait(v, m);
    r->put(r->unit, IOMMU_AT_IQT, 8, v->tail);
    assert(waited(v, m));
    r->put(r->unit, IOMMU_AT_GCMD, 4, levels);
    r->put(r->unit, IOMMU_AT_GCMD, 4, levels | IOMMU_IRE);
}

/* ---- entries ---- */

uint32_t vtd_allocate(struct vtd *v, uint32_t n)
{
    uint32_t first = (v->next + n - 1) / n * n;

    v->next = first + n;
    assert(v->next <= v->config.entries);
    return first;
}

static uint64_t source_of(const struct vtd_target *t)
{
    uint64_t svt = t->by_bus ? IOMMU_SVT_BUS : IOMMU_SVT_SID;

    if (!t->checks_source)
        return 0;
    return svt << IOMMU_IRTE_SVT_SHIFT |
           (uint64_t)t->open_functions << IOMMU_IRTE_SQ_SHIFT | t->sid;
}

static struct iommu_entry posted_entry(const struct vtd_target *t)
{
    return (struct iommu_entry){
        .low = IOMMU_IRTE_P | IOMMU_IRTE_IM |
               (uint64_t)t->vector << IOMMU_IRTE_VECTOR_SHIFT |
               t->descriptor << 32,
        .high = (t->descriptor & ~(uint64_t)UINT32_MAX) | source_of(t),
    };
}

static struct iommu_entry entry_of(const struct vtd *v,
                                   const struct vtd_target *t)
{
    unsigned dst =
        v->config.x2apic ? IOMMU_IRTE_DST_SHIFT : IOMMU_IRTE_DST8_SHIFT;

    if (t->descriptor)
        return posted_entry(t);
    return (struct iommu_entry){
        .low = IOMMU_IRTE_P | (t->level ? IOMMU_IRTE_TM : 0) |
               (t->logical ? IOMMU_IRTE_DM : 0) |
               (t->redirectable ? IOMMU_IRTE_RH : 0) |
               (uint64_t)t->mode << IOMMU_IRTE_DLM_SHIFT |
               (uint64_t)t->vector << IOMMU_IRTE_VECTOR_SHIFT |
               (uint64_t)t->apic_id << dst,
        .high = source_of(t),
    };
}

static uint64_t entry_at(const struct vtd *v, uint32_t index)
{
    return v->table + sizeof(struct iommu_entry) * index;
}

void vtd_fill(const struct vtd *v, struct mem *m, uint32_t index,
              const struct vtd_target *t)
{
    struct iommu_entry e = entry_of(v, t);

    mem_write(m, entry_at(v, index), &e, sizeof e);
}

uint32_t vtd_place(struct vtd *v, struct mem *m, const struct vtd_target *first,
                   uint32_t n)
{
    struct vtd_target t = *first;
    uint32_t index = vtd_allocate(v, n);

    for (uint32_t i = 0; i < n; i++) {
        if (t.mode <= DELIVERY_LOWEST) /* the others have no vector */
            t.vector = (uint8_t)(first->vector + i);
        vtd_fill(v, m, index + i, &t);
    }
    return index;
}

uint32_t vtd_map(struct vtd_map *map, struct mem *m)
{
    if (!map->address)
        map->address =
            vtd_msi_address(vtd_place(map->driver, m, &map->target, 1), false);
    return map->address;
}

/* ---- sources ---- */

uint32_t vtd_msi_address(uint32_t index, bool subhandle)
{
    return ADDRESS | (subhandle ? ADDRESS_SHV : 0) |
           (index & HANDLE_LOW) << ADDRESS_HANDLE_SHIFT |
           index >> 15 << ADDRESS_HANDLE_15_SHIFT;
}

uint32_t vtd_rte_high(uint32_t index)
{
    assert(index <= HANDLE_LOW);
    return index << RTE_HANDLE_SHIFT | RTE_FORMAT;
}

/* ---- code on a CPU ---- */

/* What is stored, and where, is known at run time only: a call stores it, and
 * stores to another place take the time. */
void vtd_build_stores(const struct vtd *v, struct text *t, unsigned n)
{
    while (n--)
        text_op(t, OP_STORE, RAX, v->status + SCRATCH);
}

/* RAX = 1: the unit has written the status of the last wait. */
static void check_status(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)arg;
    env->cpu->gpr[RAX] = waited(self, env->mem);
}

/* `queue` appends to the queue, a wait last, and gives the tail in RAX. */
static void build_flush(struct vtd *v, struct text *t, cpu_call_fn *queue,
                        void *self)
{
    uint64_t again;
    uint32_t done;

    lock_build_take(&v->lock, t);
    vtd_build_stores(v, t, 4);
    text_call(t, queue, self, 0);
    text_op(t, OP_STORE, RAX, v->config.registers + IOMMU_AT_IQT);
    again = text_here(t);
    text_op(t, OP_LOAD, RAX, v->status);
    text_call(t, check_status, v, 0);
    done = text_op(t, OP_JNZ, RAX, 0);
    text_op(t, OP_PAUSE, RAX, 0);
    text_op(t, OP_JMP, RAX, again);
    text_patch(t, done);
    lock_build_release(&v->lock, t);
}

static void build_register(const struct vtd *v, struct text *t, uint32_t offset,
                           uint32_t value)
{
    text_op(t, OP_MOV, RAX, value);
    text_op(t, OP_STORE, RAX, v->config.registers + offset);
}

static void build_register64(const struct vtd *v, struct text *t,
                             uint32_t offset, uint64_t value)
{
    build_register(v, t, offset, (uint32_t)value);
    build_register(v, t, offset + 4, (uint32_t)(value >> 32));
}

/* RAX = 1: of its bits those of the mask (in the high half) are as wanted. */
static void check_bits(void *self, struct cpu_env *env, uint64_t wanted)
{
    uint64_t *rax = &env->cpu->gpr[RAX];

    (void)self;
    *rax = (*rax & wanted >> 32) == (uint32_t)wanted;
}

/* Writes GCMD and waits until the status bits of `changed` are the same. */
static void build_command(const struct vtd *v, struct text *t, uint32_t command,
                          uint32_t changed)
{
    uint64_t again;
    uint32_t done;

    build_register(v, t, IOMMU_AT_GCMD, command);
    again = text_here(t);
    text_op(t, OP_LOAD, RAX, v->config.registers + IOMMU_AT_GSTS);
    text_call(t, check_bits, NULL,
              (uint64_t)changed << 32 | (command & changed));
    done = text_op(t, OP_JNZ, RAX, 0);
    text_op(t, OP_PAUSE, RAX, 0);
    text_op(t, OP_JMP, RAX, again);
    text_patch(t, done);
}

static void queue_all(void *self, struct cpu_env *env, uint64_t arg)
{
    struct vtd *v = self;

    (void)arg;
    append(v, env->mem, IOMMU_IEC_INVALIDATE, 0);
    append_wait(v, env->mem);
    env->cpu->gpr[RAX] = v->tail;
}

void vtd_build_enable(struct vtd *v, struct text *t)
{
    uint32_t levels = IOMMU_QIE;

    build_register64(v, t, IOMMU_AT_IQA, v->queue);
    build_command(v, t, levels, IOMMU_QIE);
    build_register64(v, t, IOMMU_AT_IRTA, irta_of(v));
    build_command(v, t, levels | IOMMU_SIRTP, IOMMU_SIRTP);
    build_flush(v, t, queue_all, v);
    if (v->config.compatibility) {
        levels |= IOMMU_CFI;
        build_command(v, t, levels, IOMMU_CFI);
    }
    build_command(v, t, levels | IOMMU_IRE, IOMMU_IRE);
}

void vtd_build_end_compatibility(const struct vtd *v, struct text *t)
{
    build_command(v, t, IOMMU_QIE | IOMMU_IRE, IOMMU_CFI);
}

/* ---- moving an entry ---- */

void vtd_move_add(struct vtd_move *move, const struct vtd_target *to)
{
    if (move->places < VTD_PLACES_MAX)
        move->entry[move->places++] = entry_of(move->driver, to);
}

void vtd_move_taken(struct vtd_move *move, uint32_t place)
{
    if (!move->under_way && place != move->at)
        move->done.strays++;
}

/* Both halves at one time, as CMPXCHG16B does it: the unit reads the old entry
 * or the new one, in whatever format. */
static void begin(void *self, struct cpu_env *env, uint64_t arg)
{
    struct vtd_move *move = self;

    (void)arg;
    move->at = (move->at + 1) % move->places;
    move->under_way = true;
    move->began = env->now;
    mem_write(env->mem, entry_at(move->driver, move->index),
              &move->entry[move->at], sizeof move->entry[move->at]);
}

static void finish(void *self, struct cpu_env *env, uint64_t arg)
{
    struct vtd_move *move = self;
    sim_time took = env->now - move->began;

    (void)arg;
    move->under_way = false;
    move->done.count++;
    move->done.time += took;
    if (took > move->done.longest)
        move->done.longest = took;
}

/* RAX = the new tail. */
static void queue_one(void *self, struct cpu_env *env, uint64_t arg)
{
    const struct vtd_move *move = self;
    struct vtd *v = move->driver;

    (void)arg;
    append(v, env->mem,
           IOMMU_IEC_INVALIDATE | IOMMU_IEC_SELECTIVE |
               (uint64_t)move->index << IOMMU_IEC_IIDX_SHIFT,
           0);
    append_wait(v, env->mem);
    env->cpu->gpr[RAX] = v->tail;
}

void vtd_build_move(struct vtd_move *move, struct text *t)
{
    text_call(t, begin, move, 0);
    vtd_build_stores(move->driver, t, 2);
    if (move->flush)
        build_flush(move->driver, t, queue_one, move);
    text_call(t, finish, move, 0);
}
