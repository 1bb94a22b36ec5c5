package org.cocoon.worker.engine;

import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.util.ForLoop;
import java.beans.FeatureDescriptor;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import jinjava.javax.el.MethodNotFoundException;
import org.jspecify.annotations.Nullable;

/**
 * All that a chat template can reach through a dot or brackets: entries of maps and lists, the loop
 * variable, a few of their methods, and Python's methods of strings. Beans and reflection are out.
 */
final class TemplateMembers extends ELResolver {
  private static final Set<String> COLLECTION_METHODS =
      Set.of(
          "append", "copy", "count", "cycle", "extend", "get", "index", "insert", "items", "keys",
          "pop", "update", "values");

  private final ELResolver delegate = JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY;

  /** The template engine calls its own filters and tests through a resolver, too. */
  private static boolean isBuiltIn(Object base) {
    return base instanceof Filter || base instanceof ExpTest;
  }

  private static boolean isOpen(@Nullable Object base) {
    return base == null
        || base instanceof Map
        || base instanceof List
        || base instanceof ForLoop
        || base instanceof Object[];
  }

  @Override
  public @Nullable Object getValue(
      ELContext context, @Nullable Object base, @Nullable Object property) {
    if (isOpen(base)) {
      return delegate.getValue(context, base, property);
    }
    context.setPropertyResolved(true);
    return null;
  }

  @Override
  public @Nullable Object invoke(
      ELContext context,
      Object base,
      Object method,
      Class<?> @Nullable [] types,
      Object[] arguments) {
    String name = String.valueOf(method);
    if (base instanceof CharSequence text) {
      Object result = PythonStrings.call(text.toString(), name, arguments);
      if (result != null) {
        context.setPropertyResolved(true);
        return result;
      }
    } else if (isBuiltIn(base) || (isOpen(base) && COLLECTION_METHODS.contains(name))) {
      return delegate.invoke(context, base, method, types, arguments);
    }
    throw new MethodNotFoundException("templates have no method of this name here");
  }

  @Override
  public @Nullable Class<?> getType(
      ELContext context, @Nullable Object base, @Nullable Object property) {
    return isOpen(base) ? delegate.getType(context, base, property) : null;
  }

  @Override
  public boolean isReadOnly(ELContext context, @Nullable Object base, @Nullable Object property) {
    return true;
  }

  @Override
  public void setValue(
      ELContext context, @Nullable Object base, @Nullable Object property, @Nullable Object value) {
    delegate.setValue(context, base, property, value);
  }

  @Override
  public @Nullable Class<?> getCommonPropertyType(ELContext context, @Nullable Object base) {
    return delegate.getCommonPropertyType(context, base);
  }

  @Override
  public @Nullable Iterator<FeatureDescriptor> getFeatureDescriptors(
      ELContext context, @Nullable Object base) {
    return delegate.getFeatureDescriptors(context, base);
  }
}
