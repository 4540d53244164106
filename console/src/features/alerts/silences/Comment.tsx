/** What somebody wrote, in as many lines as it takes. */
export function Comment({ children }: { children: string }) {
  return <div style={{ maxWidth: 170, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>{children}</div>;
}
