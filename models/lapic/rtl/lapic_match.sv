// Whether a message names this APIC, by its shorthand or its destination.  Lowest priority is
// arbitrated elsewhere.
module lapic_match (
  input  lapic_pkg::straps_t straps_i,
  input  lapic_pkg::state_t  state_i,

  input  logic [31:0] dest_i,
  input  logic [31:0] sender_i,
  input  logic [1:0]  shorthand_i,
  input  logic        logical_i,
  input  logic        dest8_i,

  output logic        match_o
);
  logic        x2apic;
  logic        mine;
  logic        physical;
  logic        flat;
  logic        cluster;
  logic        xapic_logical;
  logic        x2apic_logical;
  logic [31:0] own_id;
  logic [7:0]  ldr;

  logic unused_bits;
  assign unused_bits = ^{straps_i, state_i};

  assign x2apic = state_i.base_en && state_i.base_extd;
  assign own_id = x2apic ? straps_i.id : {24'd0, state_i.id[31:24]};
  assign ldr = state_i.ldr[31:24];
  assign mine = sender_i == own_id;

  assign physical = dest_i == (dest8_i ? 32'hff : 32'hffff_ffff) || dest_i == own_id;
  assign flat = (ldr & dest_i[7:0]) != 8'd0;
  assign cluster = {24'd0, ldr[7:4]} == dest_i[31:4] && (ldr[3:0] & dest_i[3:0]) != 4'd0;
  assign x2apic_logical = dest_i == 32'hffff_ffff
      || (dest_i[31:16] == straps_i.id[19:4] && dest_i[{1'b0, straps_i.id[3:0]}]);

  always_comb begin
    xapic_logical = 1'b0;
    unique case (state_i.dfr[31:28])
      4'hf: xapic_logical = flat;
      4'h0: xapic_logical = cluster;
      default: ;
    endcase
    // before the LDR counts: an LDR of 0 matches too
    if (dest_i == 32'hff || dest_i == 32'hffff_ffff) xapic_logical = 1'b1;
  end

  always_comb begin
    match_o = physical;
    if (logical_i) match_o = x2apic ? x2apic_logical : xapic_logical;
    unique case (shorthand_i)
      2'd1: match_o = mine;
      2'd2: match_o = 1'b1;
      2'd3: match_o = !mine;
      default: ;
    endcase
  end
endmodule
