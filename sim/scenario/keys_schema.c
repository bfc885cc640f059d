/*
 * The table of keys as a JSON Schema (draft 7), for editors and validators.
 *
 * Each owner of keys has two definitions: its own, and NAME_override, which is
 * what a variant may write: nothing is required, lists may be maps by name,
 * and values of a platform may come without their source.
 */
#include <jansson.h>

#include "sim/scenario/keys.h"

#define NAME_PATTERN "^[A-Za-z][A-Za-z0-9_-]*$"

static json_t *owner_schema(enum key_owner owner, bool override);

static json_t *reference(enum key_owner owner, bool override)
{
    return json_pack("{s:o}", "$ref",
                     json_sprintf("#/definitions/%s%s", owner_id(owner),
                                  override ? "_override" : ""));
}

static json_t *name_schema(void)
{
    return json_pack("{s:s, s:s, s:i}", "type", "string", "pattern",
                     NAME_PATTERN, "maxLength", SCENARIO_NAME - 1);
}

static json_t *quantity_schema(const struct key *k)
{
    char units[VALUE_TEXT];
    json_t *s;

    if (k->quantity != QUANTITY_COUNT) {
        quantity_pattern(k->quantity, units);
        return json_pack("{s:s, s:o}", "type", "string", "pattern",
                         json_sprintf("^[0-9]+(\\.[0-9]+)? *%s$", units));
    }
    s = json_pack("{s:s, s:I}", "type", "integer", "minimum",
                  (json_int_t)key_limit(k, k->min));
    if (k->max)
        json_object_set_new(s, "maximum",
                            json_integer((json_int_t)key_limit(k, k->max)));
    return s;
}

static json_t *choice_schema(const struct key *k)
{
    json_t *words = json_array();

    for (size_t i = 0; k->choices[i]; i++)
        json_array_append_new(words, json_string(k->choices[i]));
    return json_pack("{s:o}", "enum", words);
}

static json_t *list_schema(const struct key *k, bool override)
{
    json_t *list =
        json_pack("{s:s, s:i, s:o}", "type", "array", "maxItems",
                  (int)k->capacity, "items", reference(k->child, override));

    if (!override)
        return list;
    return json_pack("{s:[o, {s:s, s:o}]}", "anyOf", list, "type", "object",
                     "additionalProperties", reference(k->child, true));
}

static json_t *special_schema(const struct key *k, bool override)
{
    switch (k->type) {
    case KEY_DEVICES:
        return json_pack("{s:s, s:o}", "type", "array", "items", name_schema());
    case KEY_VARIANT_NUMBERS:
        return json_pack("{s:s, s:{s:s}}", "type", "object",
                         "additionalProperties", "type", "number");
    case KEY_GROUP:
        return reference(k->child, override);
    case KEY_LIST:
        return list_schema(k, override);
    case KEY_PLATFORM:
        return json_pack("{s:[{s:s}, o]}", "anyOf", "type", "string",
                         reference(k->child, override));
    default: /* KEY_VARIANTS; the value of a sourced one is put in its place */
        return json_pack("{s:s, s:o, s:i, s:{s:[{s:s}, o]}}", "type", "object",
                         "propertyNames", name_schema(), "maxProperties",
                         SCENARIO_VARIANTS, "additionalProperties", "anyOf",
                         "type", "null", reference(OWNER_SCENARIO, true));
    }
}

static json_t *value_schema(const struct key *k, bool override)
{
    switch (k->type) {
    case KEY_QUANTITY:
        return quantity_schema(k);
    case KEY_NUMBER:
        return json_pack("{s:s}", "type", "number");
    case KEY_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case KEY_CHOICE:
    case KEY_WORD:
        return choice_schema(k);
    case KEY_TEXT:
        return json_pack("{s:s, s:i}", "type", "string", "maxLength",
                         (int)k->bytes - 1);
    case KEY_NAME:
    case KEY_PROGRAM:
    case KEY_BRIDGE:
    case KEY_VARIANT:
        return name_schema();
    default:
        return special_schema(k, override);
    }
}

static json_t *sourced_schema(const struct key *k, bool override)
{
    json_t *whole = owner_schema(OWNER_SOURCED, override);

    json_object_set_new(json_object_get(whole, "properties"), "value",
                        value_schema(k, override));
    if (!override)
        return whole;
    return json_pack("{s:[o, o]}", "anyOf", whole, value_schema(k, override));
}

static void add_key(json_t *schema, const struct key *k, bool override)
{
    json_t *s =
        k->sourced ? sourced_schema(k, override) : value_schema(k, override);

    json_object_set_new(s, "description", json_string(k->sentence));
    if (k->fallback && *k->fallback)
        json_object_set_new(
            s, "default",
            k->type == KEY_BOOL ? json_false()
            : k->type == KEY_QUANTITY && k->quantity == QUANTITY_COUNT
                ? json_integer((json_int_t)key_limit(k, k->fallback))
                : json_string(k->fallback));
    json_object_set_new(json_object_get(schema, "properties"), k->name, s);
    if (!k->fallback && !override)
        json_array_append_new(json_object_get(schema, "required"),
                              json_string(k->name));
}

static json_t *owner_schema(enum key_owner owner, bool override)
{
    const struct key *k = NULL;
    json_t *s = json_pack("{s:s, s:s, s:{}, s:[], s:b}", "type", "object",
                          "description", owner_sentence(owner), "properties",
                          "required", "additionalProperties", 0);

    while ((k = key_next(owner, k)))
        add_key(s, k, override);
    if (owner == OWNER_SCENARIO && override) /* dotted paths */
        json_object_set_new(s, "patternProperties", json_pack("{s:{}}", "\\."));
    return s;
}

static bool has_override(enum key_owner owner)
{
    return owner != OWNER_FILE && owner != OWNER_EXPECT &&
           owner != OWNER_PUBLISHED && owner != OWNER_CURVE &&
           owner != OWNER_SOURCED;
}

/* Sourced values are written out where they stand: their "value" differs. */
static json_t *definitions(void)
{
    json_t *all = json_object();

    for (enum key_owner owner = OWNER_SCENARIO + 1; owner < OWNERS; owner++)
        if (owner != OWNER_FILE && owner != OWNER_SOURCED)
            json_object_set_new(all, owner_id(owner),
                                owner_schema(owner, false));
    for (enum key_owner owner = OWNER_SCENARIO; owner < OWNERS; owner++)
        if (has_override(owner)) {
            json_t *name = json_sprintf("%s_override", owner_id(owner));

            json_object_set_new(all, json_string_value(name),
                                owner_schema(owner, true));
            json_decref(name);
        }
    return all;
}

void keys_schema(FILE *to)
{
    json_t *s = owner_schema(OWNER_SCENARIO, false);
    const struct key *k = NULL;

    while ((k = key_next(OWNER_FILE, k)))
        add_key(s, k, false);
    json_object_set_new(s, "$schema",
                        json_string("http://json-schema.org/draft-07/schema#"));
    json_object_set_new(s, "title", json_string("virqsim scenario"));
    json_object_set_new(s, "definitions", definitions());
    json_dumpf(s, to, JSON_INDENT(1));
    fputc('\n', to);
    json_decref(s);
}
