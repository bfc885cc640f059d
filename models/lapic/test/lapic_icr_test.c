/* Interrupts between local APICs: ICR, SELF IPI and whom a message names. */
#include "models/lapic/test/apic_fixture.h"

#define APICS 4u
#define ALL ((1u << APICS) - 1)

struct apics {
    struct apic apic[APICS]; /* the first one sends */
};

/* IDs 0, 1, 2, 3 */
static void apics_setup(struct apics *f)
{
    for (uint32_t i = 0; i < APICS; i++) {
        struct lapic_config config = {.id = i, .features = USUAL_FEATURES};

        lapic_init(&f->apic[i].l, &config);
        f->apic[i].l.svr = 0x1ff;
    }
}

static void apics_teardown(struct apics *f)
{
    for (uint32_t i = 0; i < APICS; i++)
        apic_teardown(&f->apic[i]);
}

/* Those that match, as bits. */
static uint32_t targets(const struct apics *f, const struct msg_apic *m)
{
    uint32_t set = 0;

    for (uint32_t i = 0; i < APICS; i++)
        set |= (uint32_t)lapic_matches(&f->apic[i].l, m) << i;
    return set;
}

/* Who gets what the first one sends now: 0 is nobody. */
static uint32_t sent(struct apics *f)
{
    struct lapic_out *out = &f->apic[0].out;

    return out->send ? targets(f, &out->message) : 0;
}

static uint32_t send_xapic(struct apics *f, uint8_t dest, uint32_t icr)
{
    put(&f->apic[0], LAPIC_ICR_HIGH, (uint32_t)dest << 24);
    put(&f->apic[0], LAPIC_ICR_LOW, icr);
    return sent(f);
}

static uint32_t send_x2apic(struct apics *f, uint32_t dest, uint32_t icr)
{
    EXPECT_TRUE(wrmsr(&f->apic[0], 0x830, (uint64_t)dest << 32 | icr));
    return sent(f);
}

/* All in x2APIC mode with these IDs. */
static void to_x2apic(struct apics *f, const uint32_t *ids)
{
    for (uint32_t i = 0; i < APICS; i++) {
        f->apic[i].l.config.id = ids[i];
        enter_x2apic(&f->apic[i]);
    }
}

static void set_logical(struct apics *f, uint32_t dfr, const uint8_t *ldr)
{
    for (uint32_t i = 0; i < APICS; i++) {
        put(&f->apic[i], LAPIC_DFR, dfr);
        put(&f->apic[i], LAPIC_LDR, (uint32_t)ldr[i] << 24);
    }
}

#define LOGICAL (1u << 11)
#define SELF (1u << 18)
#define ALL_INCLUDING (2u << 18)
#define ALL_EXCLUDING (3u << 18)

TEST_F(apics, shorthand_overrides_the_destination)
{
    EXPECT_EQ(send_xapic(f, 2, 0x50 | SELF), 1);
    EXPECT_EQ(send_xapic(f, 2, 0x50 | ALL_INCLUDING), ALL);
    EXPECT_EQ(send_xapic(f, 2, 0x50 | ALL_EXCLUDING), ALL & ~1u);
    EXPECT_EQ(send_xapic(f, 2, 0x50), 4);
}

TEST_F(apics, every_delivery_mode_is_sent_with_every_shorthand)
{
    static const uint32_t modes[] = {0, 1, 2, 4, 5, 6};

    for (int i = 0; i < 6; i++)
        for (uint32_t shorthand = 0; shorthand < 4; shorthand++) {
            send_xapic(f, 1, 0x50 | modes[i] << 8 | shorthand << 18);
            EXPECT_TRUE(f->apic[0].out.send);
            EXPECT_EQ(f->apic[0].out.message.mode, modes[i]);
            EXPECT_EQ(f->apic[0].out.message.shorthand, shorthand);
        }
}

TEST_F(apics, reserved_delivery_modes_send_nothing)
{
    EXPECT_EQ(send_xapic(f, 0xff, 0x350), 0);
    EXPECT_EQ(send_xapic(f, 0xff, 0x750), 0);
    EXPECT_EQ(errors(&f->apic[0]), 0);
}

TEST_F(apics, init_deassert_is_recognised_and_ignored)
{
    EXPECT_EQ(send_xapic(f, 0xff, 0x8500 | ALL_INCLUDING), 0);
    EXPECT_EQ(send_xapic(f, 0xff, 0xc500), ALL, "level assert is an INIT");
}

TEST_F(apics, trigger_and_level_bits_mean_nothing_else)
{
    send_xapic(f, 1, 0x8050);
    EXPECT_FALSE(f->apic[0].out.message.level_trigger);
    EXPECT_TRUE(f->apic[0].out.message.assert_level);
}

TEST_F(apics, writing_the_upper_half_sends_nothing)
{
    put(&f->apic[0], LAPIC_ICR_HIGH, 1u << 24);
    EXPECT_FALSE(f->apic[0].out.send);
    put(&f->apic[0], LAPIC_ICR_HIGH, 2u << 24);
    put(&f->apic[0], LAPIC_ICR_LOW, 0x50);
    EXPECT_EQ(sent(f), 4, "the last upper half counts");
}

TEST_F(apics, xapic_physical_ffh_is_everyone)
{
    EXPECT_EQ(send_xapic(f, 0xff, 0x50), ALL);
    EXPECT_EQ(send_xapic(f, 0x40, 0x50), 0, "nobody; no error");
    EXPECT_EQ(errors(&f->apic[0]), 0);
}

TEST_F(apics, equal_ids_all_accept)
{
    f->apic[2].l.config.features |= LAPIC_HAS_ID_WRITABLE;
    put(&f->apic[2], LAPIC_ID, 1u << 24);
    EXPECT_EQ(send_xapic(f, 1, 0x50), 1u << 1 | 1u << 2);
}

TEST_F(apics, flat_model_matches_any_common_bit)
{
    set_logical(f, 0xffffffff, (const uint8_t[]){1, 2, 4, 0});
    EXPECT_EQ(send_xapic(f, 5, 0x50 | LOGICAL), 1u << 0 | 1u << 2);
    EXPECT_EQ(send_xapic(f, 0, 0x50 | LOGICAL), 0);
    EXPECT_EQ(send_xapic(f, 0xff, 0x50 | LOGICAL), ALL, "even an LDR of 0");
}

TEST_F(apics, cluster_model_matches_members_of_one_cluster)
{
    set_logical(f, 0x0fffffff, (const uint8_t[]){0x31, 0x32, 0x41, 0x00});
    EXPECT_EQ(send_xapic(f, 0x33, 0x50 | LOGICAL), 1u << 0 | 1u << 1);
    EXPECT_EQ(send_xapic(f, 0x34, 0x50 | LOGICAL), 0);
    EXPECT_EQ(send_xapic(f, 0xff, 0x50 | LOGICAL), ALL);
    EXPECT_EQ(send_xapic(f, 0xf3, 0x50 | LOGICAL), 0, "not every cluster");
}

TEST_F(apics, other_destination_formats_match_nobody)
{
    set_logical(f, 0x70000000, (const uint8_t[]){0x71, 0x72, 1, 2});
    EXPECT_EQ(send_xapic(f, 0x73, 0x50 | LOGICAL), 0);
}

TEST_F(apics, x2apic_physical_compares_32_bits)
{
    to_x2apic(f, (const uint32_t[]){0, 0xff, 0x10001, 1});
    EXPECT_EQ(send_x2apic(f, 0xff, 0x50), 2, "FFh is an ordinary ID");
    EXPECT_EQ(send_x2apic(f, 0x10001, 0x50), 4);
    EXPECT_EQ(send_x2apic(f, 0xffffffff, 0x50), ALL);
}

TEST_F(apics, x2apic_logical_id_follows_from_the_id)
{
    to_x2apic(f, (const uint32_t[]){0x20, 0x25, 0x35, 0});
    EXPECT_EQ(get(&f->apic[1], LAPIC_LDR), 0x20020);
    EXPECT_EQ(send_x2apic(f, 0x20021, 0x50 | LOGICAL), 1u << 0 | 1u << 1);
    EXPECT_EQ(send_x2apic(f, 0x20000, 0x50 | LOGICAL), 0);
    EXPECT_EQ(send_x2apic(f, 0xffffffff, 0x50 | LOGICAL), ALL);
}

TEST_F(apics, eight_bit_device_message_reaches_x2apics)
{
    struct msg_apic m = {.sender = UINT32_MAX, .dest = 0xff, .dest8 = true};

    to_x2apic(f, (const uint32_t[]){0, 7, 8, 0x20});
    EXPECT_EQ(targets(f, &m), ALL, "physical FFh is the broadcast");
    m.logical = true;
    EXPECT_EQ(targets(f, &m), 3, "logical: cluster 0, IDs 0 to 7");
}

TEST_F(apics, illegal_vector_is_recorded_by_sender_and_receiver)
{
    struct apic *a = &f->apic[0];

    EXPECT_EQ(send_xapic(f, 0, 0x0f | SELF), 1, "sent all the same");
    arrive(a, a->out.message);
    EXPECT_TRUE(vecset_empty(&a->l.irr));
    EXPECT_EQ(errors(a),
              LAPIC_ESR_SEND_ILLEGAL_VECTOR | LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR);
    send_xapic(f, 0, 0x608 | ALL_EXCLUDING);
    EXPECT_EQ(errors(a), 0, "a SIPI's vector is a page number");
}

TEST_F(apics, self_ipi_is_a_fixed_edge_to_self)
{
    struct apic *a = &f->apic[0];

    to_x2apic(f, (const uint32_t[]){5, 1, 2, 3});
    wrmsr(a, 0x830, 0x700000051);
    EXPECT_TRUE(wrmsr(a, 0x83f, 0x66));
    EXPECT_EQ(sent(f), 1);
    EXPECT_EQ(a->out.message.mode, DELIVERY_FIXED);
    EXPECT_EQ(a->out.message.vector, 0x66);
    EXPECT_EQ(rdmsr(a, 0x830), 0x700000051, "the ICR is not touched");
    wrmsr(a, 0x83f, 5);
    EXPECT_EQ(errors(a), LAPIC_ESR_SEND_ILLEGAL_VECTOR);
}

TEST_F(apics, all_excluding_self_of_a_lone_apic_is_nobody)
{
    struct apic *a = &f->apic[0];

    put(a, LAPIC_ICR_LOW, 0x50 | ALL_EXCLUDING);
    EXPECT_FALSE(lapic_matches(&a->l, &a->out.message), "not the sender");
    EXPECT_EQ(get(a, LAPIC_ICR_LOW) >> 12 & 1, 0, "delivery status is idle");
    EXPECT_EQ(errors(a), 0);
}

TEST_F(apics, software_disabled_apic_still_sends)
{
    put(&f->apic[0], LAPIC_SVR, 0xff);
    EXPECT_EQ(send_xapic(f, 1, 0x50), 2);
}
