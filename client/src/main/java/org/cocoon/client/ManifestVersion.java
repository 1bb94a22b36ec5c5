package org.cocoon.client;

import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote into the jar's manifest, for {@code --version}. */
public final class ManifestVersion implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String version = ManifestVersion.class.getPackage().getImplementationVersion();
    return new String[] {version == null ? "not built as a jar" : version};
  }
}
