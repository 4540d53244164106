import type { Service, Version } from '@/api';

export function EditVersion(_: { service: Service; version: Version; onClose: () => void }) {
  return null;
}
