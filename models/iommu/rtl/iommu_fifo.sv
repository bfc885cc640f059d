// Requests that wait, the oldest first.  One can leave and one can come in the same cycle.
module iommu_fifo #(
  parameter int unsigned Depth,
  parameter int unsigned Width
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             push_i,
  input  logic [Width-1:0] data_i,
  input  logic             pop_i,
  output logic [Width-1:0] oldest_o,
  output logic             refused_o,  // there is no room for what is pushed
  output logic             waits_o,    // after this cycle there is one
  output logic [15:0]      count_o
);
  localparam int unsigned PlaceBits = $clog2(Depth);

  logic [Width-1:0]     data_q [Depth];
  logic [PlaceBits-1:0] first_q;
  logic [15:0]          count_q;
  logic [15:0]          left;
  logic                 pushes;
  logic [31:0]          behind;

  assign left = pop_i ? count_q - 16'd1 : count_q;
  assign pushes = push_i && {16'd0, left} < Depth;
  assign refused_o = push_i && !pushes;
  assign waits_o = pushes || left != 16'd0;
  assign oldest_o = data_q[first_q];
  assign behind = {{(32-PlaceBits){1'b0}}, first_q} + {16'd0, count_q};

  always_ff @(posedge clk_i) begin
    if (pushes) data_q[PlaceBits'(behind % Depth)] <= data_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      {first_q, count_q} <= '0;
    end else begin
      if (pop_i) first_q <= {{(32-PlaceBits){1'b0}}, first_q} == Depth - 1 ? '0 : first_q + 1'b1;
      count_q <= pushes ? left + 16'd1 : left;
    end
  end

  assign count_o = count_q;
endmodule
