// The interrupt-entry cache: set-associative, entries found by their interrupt_index.  A set
// replaces its ways in turn, those without an entry first.  It can be strapped to be smaller than
// it is.
//
// Within a cycle: lookup, fill, invalidations.
module iommu_cache #(
  parameter int unsigned Sets = 4,
  parameter int unsigned Ways = 2
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

  output logic [Sets*Ways-1:0]    valid_o,
  output logic [16*Sets*Ways-1:0] tag_o,
  output logic [8*Sets-1:0]       next_o
);
  localparam int unsigned PlaceBits = $clog2(Sets * Ways);
  localparam int unsigned SetBits = Sets > 1 ? $clog2(Sets) : 1;

  logic [Sets*Ways-1:0] valid_q;
  logic [Sets*Ways-1:0] valid_d;
  logic [15:0]          tag_q [Sets*Ways];
  logic [127:0]         entry_q [Sets*Ways];
  logic [7:0]           next_q [Sets];  // of each set: the way to replace

  // ---- lookup ----------------------------------------------------------------------------------

  logic [31:0] lookup_first;  // the first way of the set

  assign lookup_first = {16'd0, index_i & set_mask_i} * Ways;

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
  assign fill_first = fill_set * Ways;
  assign fill_place = PlaceBits'(fill_first + {24'd0, fill_way});

  always_comb begin
    full = 1'b1;
    fill_way = next_q[SetBits'(fill_set)];
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
    for (int unsigned i = 0; i < Sets; i++) begin
      if (!rst_ni) next_q[i] <= 8'd0;
      else if (fills && full && i == fill_set) next_q[i] <= next_way;
    end
  end

  // ---- invalidation ----------------------------------------------------------------------------

  logic [15:0] tag;  // with the fill of this cycle

  always_comb begin
    tag = 16'd0;
    valid_d = valid_q;
    if (fills) valid_d[fill_place] = 1'b1;
    if (invalidate_i) begin
      for (int unsigned i = 0; i < Sets * Ways; i++) begin
        tag = fills && fill_place == PlaceBits'(i) ? fill_index_i : tag_q[i];
        if ((tag ^ first_i) >> mask_i == 16'd0) valid_d[i] = 1'b0;
      end
    end
    if (invalidate_all_i) valid_d = '0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= valid_d;
  end

  // ---- for those who look ----------------------------------------------------------------------

  assign valid_o = valid_q;
  for (genvar i = 0; i < Sets * Ways; i++) begin : gen_tags
    assign tag_o[16*i +: 16] = valid_q[i] ? tag_q[i] : 16'd0;
  end
  for (genvar i = 0; i < Sets; i++) begin : gen_next
    assign next_o[8*i +: 8] = next_q[i];
  end
endmodule
