package org.cocoon.link.evidence.collateral;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Path;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.PlatformName;

/**
 * A folder with the answers of Intel's service as files, for networks without a way out.
 *
 * <p>{@code tcb_info_FMSPC.json}, {@code qe_identity.json}, {@code pck_crl_CA.crl} (CA is platform
 * or processor), each with its issuer chain beside it in {@code ..._chain.txt}, and {@code
 * root_ca.crl}. Read anew at each fetch.
 */
public final class FolderSource implements CollateralOrigin {
  private static final int MAX_BYTES = 1024 * 1024;

  private final Path folder;

  /** Uses a folder. */
  public FolderSource(Path folder) {
    this.folder = folder;
  }

  @Override
  public Collateral fetch(PlatformName family) throws IOException {
    String tcb = "tcb_info_" + family.fmspc();
    String pckCrl = "pck_crl_" + family.ca().word();
    SignedText tcbInfo = signed(tcb + ".json", "tcbInfo");
    SignedText qeIdentity = signed("qe_identity.json", "enclaveIdentity");
    return new Collateral(
        chain(pckCrl + "_chain.txt"),
        crl("root_ca.crl"),
        crl(pckCrl + ".crl"),
        chain(tcb + "_chain.txt"),
        tcbInfo.text(),
        tcbInfo.signature(),
        chain("qe_identity_chain.txt"),
        qeIdentity.text(),
        qeIdentity.signature());
  }

  @Override
  public String toString() {
    return folder.toString();
  }

  private SignedText signed(String file, String name) throws IOException {
    byte[] bytes = read(file);
    return named(file, () -> SignedText.read(bytes, name));
  }

  private String chain(String file) throws IOException {
    byte[] bytes = read(file);
    return named(file, () -> PccsAnswers.chain(new String(bytes, US_ASCII)));
  }

  private byte[] crl(String file) throws IOException {
    byte[] bytes = read(file);
    return named(file, () -> PccsAnswers.crl(bytes));
  }

  private byte[] read(String file) throws IOException {
    return CollateralFile.readBounded(folder.resolve(file), MAX_BYTES);
  }

  /** One step of reading. */
  @FunctionalInterface
  private interface Step<T> {
    T take() throws IOException;
  }

  private <T> T named(String file, Step<T> step) throws IOException {
    try {
      return step.take();
    } catch (IOException e) {
      throw new IOException(folder.resolve(file) + ": " + e.getMessage(), e);
    }
  }
}
