package org.cocoon.link.sealing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedRoot;

/**
 * Sealing keys from one secret that the TEE gave for this image: HKDF-SHA256 (RFC 5869) with {@code
 * "cocoon sealing key v1" || 0 || role || 0 || label}.
 */
public final class SecretSealingKeys implements SealingKeys {
  private static final String PURPOSE = "cocoon sealing key v1";

  private final SecretKeySpec secret;
  private final Role role;

  /** Takes 32 secret bytes, which are copied. */
  SecretSealingKeys(byte[] secret, Role role) {
    if (secret.length != KEY_BYTES) {
      throw new IllegalArgumentException("the secret must have 32 bytes");
    }
    this.secret = new SecretKeySpec(secret, "HKDF");
    this.role = role;
  }

  /** Keys of a simulated TEE, which whoever can read the test root's key can make too. */
  public static SealingKeys simulated(SimulatedRoot root, ImageMeasurement image, Role role) {
    byte[] secret = root.sealingSecret(image, role);
    try {
      return new SecretSealingKeys(secret, role);
    } finally {
      Arrays.fill(secret, (byte) 0);
    }
  }

  @Override
  public byte[] derive(String label) {
    byte[] purpose = (PURPOSE + '\0' + role.word() + '\0' + label).getBytes(UTF_8);
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(HKDFParameterSpec.ofExtract().addIKM(secret).thenExpand(purpose, KEY_BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no HKDF-SHA256", e);
    }
  }
}
