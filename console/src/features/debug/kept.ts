/** Bodies as they were typed, by service, while the page is away: also where the session ended in between. */
const bodies = new Map<string, string>();

export function keptBody(service: string): string | undefined {
  return bodies.get(service);
}

export function keepBody(service: string, body: string): void {
  bodies.set(service, body);
}
