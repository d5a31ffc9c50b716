/** The waits between the tries of one call at their longest, as the settings have them; a system may ask for more. */
export function longestWaitsMs(attempts: number, { delay, maxDelay }: { delay: number; maxDelay: number }): number {
  let sum = 0;
  for (let done = 1; done < attempts; done++) sum += Math.min(maxDelay, delay * 2 ** (done - 1));
  return sum;
}
