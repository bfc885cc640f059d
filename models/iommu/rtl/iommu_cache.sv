// The interrupt-entry cache: set-associative, entries found by their interrupt_index.  A set
// replaces its ways in turn, those without an entry first.  Straps say how its entries are
// divided into sets, and how many it has: set s is the ways_i entries from s * ways_i on.
//
// Within a cycle: lookup, fill, invalidations.
module iommu_cache #(
  parameter int unsigned Entries,  // at most
  parameter int unsigned Ways,     // of a set, at most
  parameter int unsigned Shown     // entries that valid_o and its neighbours show
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic [15:0]  set_mask_i,   // straps: sets - 1, a power of two less one
  input  logic [6:0]   ways_i,       // 0: there is no cache

  input  logic [15:0]  index_i,
  output logic         hit_o,
  output logic [127:0] entry_o,

  input  logic         fill_i,
  input  logic [15:0]  fill_index_i,
  input  logic [127:0] fill_entry_i,

  input  logic         invalidate_all_i,
  input  logic         invalidate_i, // those with (index >> mask) == (first >> mask)
  input  logic [15:0]  first_i,
  input  logic [4:0]   mask_i,

  output logic [Shown-1:0]    valid_o,
  output logic [16*Shown-1:0] tag_o,
  output logic [8*Shown-1:0]  next_o      // of sets
);
  localparam int unsigned PlaceBits = $clog2(Entries);

  logic [Entries-1:0] valid_q;
  logic [Entries-1:0] valid_d;
  logic [15:0]        tag_q [Entries];
  logic [127:0]       entry_q [Entries];
  logic [8*Entries-1:0] next_q;  // of each set: the way to replace

  // ---- lookup ----------------------------------------------------------------------------------

  logic [31:0] lookup_first;  // the first way of the set

  assign lookup_first = {16'd0, index_i & set_mask_i} * {25'd0, ways_i};

  always_comb begin
    hit_o = 1'b0;
    entry_o = 128'd0;
    for (int unsigned i = 0; i < Ways; i++) begin
      if (i < {25'd0, ways_i} && valid_q[PlaceBits'(lookup_first + i)]
          && tag_q[PlaceBits'(lookup_first + i)] == index_i) begin
        hit_o = 1'b1;
        entry_o = entry_q[PlaceBits'(lookup_first + i)];
      end
    end
  end

  // ---- fill ------------------------------------------------------------------------------------

  logic [31:0]          fill_set;
  logic [31:0]          fill_first;
  logic                 fills;
  logic                 full;
  logic [7:0]           fill_way;
  logic [7:0]           next_way;
  logic [PlaceBits-1:0] fill_place;

  assign fills = fill_i && ways_i != 7'd0;
  assign fill_set = {16'd0, fill_index_i & set_mask_i};
  assign fill_first = fill_set * {25'd0, ways_i};
  assign fill_place = PlaceBits'(fill_first + {24'd0, fill_way});

  always_comb begin
    full = 1'b1;
    fill_way = next_q[{PlaceBits'(fill_set), 3'd0} +: 8];
    next_way = fill_way + 8'd1 == {1'b0, ways_i} ? 8'd0 : fill_way + 8'd1;
    for (int unsigned i = 0; i < Ways; i++) begin
      if (full && i < {25'd0, ways_i} && !valid_q[PlaceBits'(fill_first + i)]) begin
        full = 1'b0;
        fill_way = 8'(i);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (fills) begin
      tag_q[fill_place] <= fill_index_i;
      entry_q[fill_place] <= fill_entry_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) next_q <= '0;
    else if (fills && full) next_q[{PlaceBits'(fill_set), 3'd0} +: 8] <= next_way;
  end

  // ---- invalidation ----------------------------------------------------------------------------

  logic [15:0] tag;  // with the fill of this cycle

  always_comb begin
    valid_d = valid_q;
    if (fills) valid_d[fill_place] = 1'b1;
    for (int unsigned i = 0; i < Entries; i++) begin
      tag = fills && fill_place == PlaceBits'(i) ? fill_index_i : tag_q[i];
      if (invalidate_i && (tag ^ first_i) >> mask_i == 16'd0) valid_d[i] = 1'b0;
    end
    if (invalidate_all_i) valid_d = '0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= valid_d;
  end

  // ---- for those who look ----------------------------------------------------------------------

  assign valid_o = valid_q[Shown-1:0];
  for (genvar i = 0; i < Shown; i++) begin : gen_shown
    assign tag_o[16*i +: 16] = valid_q[i] ? tag_q[i] : 16'd0;
    assign next_o[8*i +: 8] = next_q[8*i +: 8];
  end
endmodule
