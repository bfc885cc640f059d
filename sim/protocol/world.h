/* The world that protocols share; for the files of sim/protocol only. */
#ifndef SIM_PROTOCOL_WORLD_H
#define SIM_PROTOCOL_WORLD_H

#include "models/cpu/vapic.h"
#include "sim/core/mem.h"
#include "sim/engine/engine.h"
#include "sim/protocol/protocol.h"

#define WORLD_CPUS 2u
#define WORLD_GUESTS 3u
#define WORLD_AGENTS 6u
#define WORLD_PAGES 16u
#define WORLD_POSTS 2u /* interrupts of a world, vectors of their own */

#define NOTIFICATION_VECTOR 0xf2u
#define WAKEUP_VECTOR 0xf1u
#define TIMER_VECTOR 0xefu

enum { GUEST_A, GUEST_B, GUEST_SENDER };
enum { FINISHED = 255 }; /* an agent's next step: none */

/* Which step follows. */
enum way { ONWARD, ASIDE, ASTRAY, WAYS };

struct protocol_step {
    const char *text; /* NULL: what the guest on CPU 0 does next */
    bool (*ready)(struct protocol_world *w); /* NULL: always */
    enum way (*run)(struct protocol_world *w);
    uint8_t next[WAYS];
};

/* The mistaken protocol goes another way. */
#define WAY(w, right) ((w)->protocol->broken ? ASTRAY : (right))

struct protocol_agent {
    const char *name;
    const struct protocol_step *step;
};

struct protocol_world {
    const struct protocol *protocol;
    struct engine engine;
    struct engine_slot heap[ENGINE_SLOTS(WORLD_AGENTS)];
    struct event event[WORLD_AGENTS];
    struct mem mem;
    struct mem_page page[WORLD_PAGES];
    struct vmcs vmcs[WORLD_GUESTS];
    struct cpu cpu[WORLD_CPUS];
    struct world_state {
        uint8_t at[WORLD_AGENTS];  /* each agent's next step */
        struct vecset irr, flight; /* of CPU 0; on the way to it */
        uint8_t posted, ticks;     /* how many so far */
        uint8_t delivered[WORLD_POSTS];
        bool in_handler[WORLD_GUESTS]; /* interrupts off, no EOI yet */
        bool serviced, has_blocked;
        uint8_t processing; /* accesses of posted-interrupt processing so far */
        struct vapic_taken taken;
        bool posting;            /* software: PIR is set, the rest follows */
        bool guest_mode, linked; /* what the host keeps of guest A */
        uint64_t control;        /* of a descriptor, as it was read */
        bool line, remote_irr;   /* of a virtual I/O APIC */
        uint8_t raised;
    } s;
    const char *wrong; /* an invariant that a step broke, or NULL */
};

extern const struct protocol posting_against_entry, posting_on_tested_early,
    posting_against_block, posting_nv_not_switched, posting_against_processing,
    posting_on_cleared_late, ipiv_against_preempt, ipiv_without_rescan,
    eoi_against_reassert, eoi_without_exit;

/* ---- memory ---- */

uint64_t world_pid(unsigned guest);
uint8_t world_vector(unsigned post);

/* A software poster's accesses: PIR, then ON; false: ON was set already, and
 * the post is complete.  Otherwise it is after world_notified(). */
void world_set_pir(struct protocol_world *w);
bool world_set_on(struct protocol_world *w);
void world_notified(struct protocol_world *w);

/* ---- steps that several protocols have ---- */

/* The hypervisor's accesses to A's descriptor.  A test goes ASIDE if ON is 0;
 * a compare-exchange does if the word is no longer what was read. */
enum way world_test_on(struct protocol_world *w);
enum way world_clear_on(struct protocol_world *w);
enum way world_take_pir(struct protocol_world *w);
enum way world_set_on_if_posted(struct protocol_world *w);
enum way world_read_control(struct protocol_world *w);
enum way world_replace_control(struct protocol_world *w, uint64_t wanted);

enum way world_enter_a(struct protocol_world *w);
enum way world_enter_b(struct protocol_world *w);

/* The rows of these steps, up to where they lead. */
#define WORLD_TEST_ON "host tests ON", NULL, world_test_on
#define WORLD_CLEAR_ON "host clears ON", NULL, world_clear_on
#define WORLD_TAKE_PIR "host moves PIR to VIRR", NULL, world_take_pir
#define WORLD_RESCAN                                                           \
    "host sets ON if PIR is not empty", NULL, world_set_on_if_posted
#define WORLD_ENTER_A "VM entry of guest A", NULL, world_enter_a
#define WORLD_ENTER_B "VM entry of guest B", NULL, world_enter_b

void world_enter(struct protocol_world *w, unsigned cpu, unsigned guest);
void world_guest_a_runs(struct protocol_world *w); /* on CPU 0 */
void world_exit(struct protocol_world *w, const struct cpu_exit *x);

/* The access that posted-interrupt processing makes next. */
const char *world_processing(const struct protocol_world *w);

/* What the processor takes next on CPU 0. */
enum cpu_event world_recognized(struct protocol_world *w);

/* Does the guest on CPU 0 run its handler? */
bool *world_in_handler(struct protocol_world *w);

/* Whether the processor, or the guest's handler, goes on in the guest. */
bool world_guest_ready(struct protocol_world *w);

/* One event, one access of posted-interrupt processing or, in the handler, its
 * EOI; ASIDE: a VM exit followed. */
enum way world_guest_step(struct protocol_world *w);

/* A device's interrupt, which the remapping hardware posts: PIR, then ON with
 * its notification.  Two of them. */
extern const struct protocol_step world_device[];

/* The agent that takes messages to CPU 0. */
extern const struct protocol_step world_interconnect[];

/* The agent that interrupts CPU 0 twice. */
extern const struct protocol_step world_timer[];

/* Guest A has something posted in its descriptor, and nobody will look. */
bool world_forgotten(struct protocol_world *w);

/* NULL, or that an interrupt posted to guest A did not arrive. */
const char *world_undelivered(struct protocol_world *w);

/* ---- guests ---- */

void world_add_guest(struct protocol_world *w, unsigned guest);

#endif
