/** The name of an operation's method: `find-customer` is `findCustomer`. */
export function methodName(operation: string): string {
  return operation.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
