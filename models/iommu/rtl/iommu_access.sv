// One access of software: what it reads, which doublewords it writes, what software did wrong.
// Purely combinational.
module iommu_access (
  input  iommu_pkg::capabilities_t caps_i,
  input  iommu_pkg::state_t  state_i,
  input  logic        valid_i,
  input  logic        write_i,
  input  logic [11:0] offset_i,
  input  logic [3:0]  bytes_i,        // 1, 2, 4 or 8
  output logic [63:0] rdata_o,
  output logic        write_low_o,    // the doubleword at the offset
  output logic        write_high_o,   // and the one after it
  output logic [3:0]  warning_o       // iommu_pkg::warning_e, but for what a command says
);
  // ---- what is where ---------------------------------------------------------------------------

  logic [31:0] aligned;
  logic        here;
  logic        read_only;
  logic        write_only;
  logic        is_record;

  assign aligned = {20'd0, offset_i[11:2], 2'd0};
  assign is_record = aligned >= iommu_regs_pkg::FRCD_LOW_OFFSET
      && aligned < iommu_regs_pkg::FRCD_LOW_OFFSET + {23'd0, caps_i.faults, 4'd0};

  always_comb begin
    here = 1'b1;
    read_only = 1'b0;
    write_only = 1'b0;
    unique case (aligned)
      iommu_regs_pkg::GCMD_OFFSET: write_only = 1'b1;
      iommu_regs_pkg::VER_OFFSET, iommu_regs_pkg::GSTS_OFFSET,
      iommu_regs_pkg::CAP_OFFSET, iommu_regs_pkg::CAP_OFFSET + 32'd4,
      iommu_regs_pkg::ECAP_OFFSET, iommu_regs_pkg::ECAP_OFFSET + 32'd4,
      iommu_regs_pkg::IQH_OFFSET, iommu_regs_pkg::IQH_OFFSET + 32'd4,
      iommu_regs_pkg::IQERCD_OFFSET, iommu_regs_pkg::IQERCD_OFFSET + 32'd4: read_only = 1'b1;
      iommu_regs_pkg::FSTS_OFFSET,
      iommu_regs_pkg::FECTL_OFFSET, iommu_regs_pkg::FEDATA_OFFSET,
      iommu_regs_pkg::FEADDR_OFFSET, iommu_regs_pkg::FEUADDR_OFFSET,
      iommu_regs_pkg::IQT_OFFSET, iommu_regs_pkg::IQT_OFFSET + 32'd4,
      iommu_regs_pkg::IQA_OFFSET, iommu_regs_pkg::IQA_OFFSET + 32'd4,
      iommu_regs_pkg::ICS_OFFSET,
      iommu_regs_pkg::IECTL_OFFSET, iommu_regs_pkg::IEDATA_OFFSET,
      iommu_regs_pkg::IEADDR_OFFSET, iommu_regs_pkg::IEUADDR_OFFSET,
      iommu_regs_pkg::IRTA_OFFSET, iommu_regs_pkg::IRTA_OFFSET + 32'd4: ;  // read and written
      default: begin
        here = is_record;
        read_only = is_record && !aligned[3];  // bits 63:0
      end
    endcase
  end

  logic odd_width;
  assign odd_width = bytes_i < 4'd4 || offset_i[1:0] != 2'd0 || (bytes_i[3] && offset_i[2]);

  always_comb begin
    warning_o = iommu_pkg::WarningNone;
    if (valid_i) begin
      if (!here) warning_o = iommu_pkg::WarningHole;
      else if (odd_width) warning_o = iommu_pkg::WarningWidth;
      else if (write_i && read_only) warning_o = iommu_pkg::WarningReadOnly;
      else if (!write_i && write_only) warning_o = iommu_pkg::WarningWriteOnly;
    end
  end

  assign write_low_o = valid_i && write_i && here && !odd_width;
  // also from a hole on
  assign write_high_o = valid_i && write_i && bytes_i[3] && offset_i[2:0] == 3'd0;

  // ---- reads -----------------------------------------------------------------------------------

  logic [64*32-1:0] regs;
  logic [128*iommu_pkg::FaultsMax-1:0] records;

  iommu_view u_view (.caps_i, .state_i, .regs_o(regs), .records_o(records));

  logic [31:0] word_low;
  logic [31:0] word_high;
  logic [63:0] bytes_mask;

  // `at` is a doubleword.  Registers lie in the first 256 bytes, fault records in the third.
  function automatic logic [31:0] word_at(input logic [9:0] at, input logic [64*32-1:0] first,
                                          input logic [64*32-1:0] third);
    word_at = 32'd0;
    if (at[9:6] == 4'd0) word_at = first[{at[5:0], 5'd0} +: 32];
    else if (at[9:6] == 4'd2) word_at = third[{at[5:0], 5'd0} +: 32];
  endfunction

  assign word_low = word_at(offset_i[11:2], regs, records);
  assign word_high = &offset_i[11:2] ? 32'd0 : word_at(offset_i[11:2] + 10'd1, regs, records);
  assign bytes_mask = ~(~64'd0 << {bytes_i, 3'd0});  // 8 bytes: shifted out, all ones
  assign rdata_o = valid_i && !write_i
      ? ({word_high, word_low} >> {offset_i[1:0], 3'd0}) & bytes_mask : 64'd0;
endmodule
