// The first level in priority order that requests and that nothing in service blocks.
module pic_priority (
  input  logic [7:0] request_i,
  input  logic [7:0] block_i,
  input  logic [7:0] pass_i,    // blocks what follows it, but not itself
  input  logic [2:0] lowest_i,  // the level of lowest priority
  output logic       found_o,
  output logic [2:0] level_o    // 0 if none
);
  logic       open;
  logic [2:0] level;

  always_comb begin
    found_o = 1'b0;
    level_o = 3'd0;
    open = 1'b1;
    level = lowest_i;
    for (int unsigned i = 0; i < 8; i++) begin
      level = level + 3'd1;
      if (open && request_i[level] && (!block_i[level] || pass_i[level])) begin
        found_o = 1'b1;
        level_o = level;
        open = 1'b0;
      end
      if (block_i[level]) open = 1'b0;
    end
  end
endmodule
