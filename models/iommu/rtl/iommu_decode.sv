// A request: what its address and data say.  Purely combinational.
module iommu_decode (
  input  logic [63:0] addr_i,
  input  logic [31:0] data_i,
  input  logic        doubleword_i,
  input  logic        enabled_i,     // IRES
  input  logic        compat_i,      // CFIS
  input  logic        extended_i,    // EIME of the table
  input  logic [3:0]  size_i,        // S of the table
  output logic        not_request_o,
  output logic        passes_o,
  output logic        looks_up_o,
  output logic [7:0]  fault_o,       // iommu_pkg::fault_e
  output logic [16:0] index_o        // interrupt_index
);
  logic [15:0] handle;
  logic        subhandle_valid;
  logic        remappable;

  assign handle = {addr_i[2], addr_i[19:5]};
  assign subhandle_valid = addr_i[3];
  assign remappable = addr_i[4];
  assign index_o = {1'b0, handle} + (subhandle_valid ? {1'b0, data_i[15:0]} : 17'd0);

  logic [17:0] entries;
  assign entries = 18'd2 << size_i;

  always_comb begin
    not_request_o = 1'b0;
    passes_o = 1'b0;
    looks_up_o = 1'b0;
    fault_o = iommu_pkg::FaultNone;
    if (!doubleword_i) begin
      not_request_o = 1'b1;
    end else if (!enabled_i) begin
      passes_o = 1'b1;
    end else if (!remappable) begin
      passes_o = compat_i && !extended_i;
      if (!passes_o) fault_o = iommu_pkg::FaultFormatBlocked;
    end else if (addr_i[63:32] != 32'd0 || (subhandle_valid && data_i[31:16] != 16'd0)) begin
      fault_o = iommu_pkg::FaultRequestReserved;
    end else if ({1'b0, index_o} >= entries) begin
      fault_o = iommu_pkg::FaultIndexBeyondTable;
    end else begin
      looks_up_o = 1'b1;
    end
  end

  logic unused_addr;
  assign unused_addr = ^{addr_i[31:20], addr_i[1:0]};
endmodule
