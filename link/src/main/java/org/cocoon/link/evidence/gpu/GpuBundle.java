package org.cocoon.link.evidence.gpu;

import java.util.ArrayList;
import java.util.List;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.Digests;

/**
 * The evidence of all GPUs of a node.
 *
 * <p>DER: {@code SEQUENCE OF SEQUENCE { report OCTET STRING, chain SEQUENCE OF Certificate }}, each
 * chain from the key that signed the report to the root.
 *
 * @param gpus 1 to {@link #MAX_GPUS}
 */
public record GpuBundle(List<Evidence> gpus) {
  /** Most GPUs of a node. */
  public static final int MAX_GPUS = 16;

  /** Longest bundle that is looked at, in bytes; one GPU takes about 8,000. */
  public static final int MAX_BYTES = 256 * 1024;

  /**
   * One GPU's evidence; the arrays must not be changed.
   *
   * @param report see {@link GpuReport}
   * @param chain certificates (DER) from the signing key's to the root
   */
  public record Evidence(byte[] report, List<byte[]> chain) {
    /** Copies the list. */
    public Evidence {
      chain = List.copyOf(chain);
    }
  }

  /** Checks the number and copies the list. */
  public GpuBundle {
    gpus = List.copyOf(gpus);
    if (gpus.isEmpty() || gpus.size() > MAX_GPUS) {
      throw new IllegalArgumentException("a bundle has 1 to " + MAX_GPUS + " GPUs");
    }
  }

  /**
   * Reads a bundle; reports and certificates are not looked into.
   *
   * @throws DerException a sentence, for anything but its one encoding
   */
  public static GpuBundle parse(byte[] der) throws DerException {
    if (der.length > MAX_BYTES) {
      throw new DerException("it has " + der.length + " bytes, more than " + MAX_BYTES);
    }
    List<DerValue> elements = DerValue.of(der).elements(Der.SEQUENCE);
    if (elements.isEmpty() || elements.size() > MAX_GPUS) {
      throw new DerException("it has " + elements.size() + " GPUs, not 1 to " + MAX_GPUS);
    }
    List<Evidence> gpus = new ArrayList<>(elements.size());
    for (DerValue element : elements) {
      List<DerValue> fields = element.elements(Der.SEQUENCE, 2);
      List<byte[]> chain =
          fields.getLast().elements(Der.SEQUENCE).stream().map(DerValue::encoded).toList();
      gpus.add(new Evidence(fields.getFirst().expect(Der.OCTET_STRING), chain));
    }
    return new GpuBundle(gpus);
  }

  /** The bundle as {@link #parse} reads it. */
  public byte[] toDer() {
    return Der.sequence(
        gpus.stream()
            .map(
                gpu ->
                    Der.sequence(
                        Der.octets(gpu.report()), Der.sequence(gpu.chain().toArray(byte[][]::new))))
            .toArray(byte[][]::new));
  }

  /** What a node's claims name: SHA-256 of {@link #toDer()}, 32 bytes. */
  public byte[] digest() {
    return Digests.sha256(toDer());
  }
}
