import type { Service } from '@/api';

export function AddVersion(_: { service: Service; onClose: () => void }) {
  return null;
}
