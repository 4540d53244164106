import type { CodeForms } from '@/components/code/AsCode';
import { curlOf, pythonLiteral, pythonOf } from '@/components/code/curl';
import type { Split } from '../queries';

/** The same split from a shell and a script. */
export function codeForms(service: string, { weights, fallback }: Split): CodeForms {
  const shares = Object.entries(weights).map(([name, share]) => `${name}=${share}`);
  const values = [service, weights].map(pythonLiteral);
  return {
    cli: `penstock traffic set ${service} ${shares.join(' ')} --fallback ${fallback ?? '""'}`,
    curl: curlOf('PUT', `/services/${service}/traffic`, { weights, fallback }),
    python: pythonOf(`client.set_traffic(${values.join(', ')}, fallback=${pythonLiteral(fallback)})`),
  };
}
