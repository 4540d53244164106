import { Form } from 'antd';
import { useState } from 'react';
import { useFieldErrors } from '@/components/form/errors/fieldErrors';
import type { VersionValues } from '@/components/version/values';
import { isAdvanced } from './AdvancedFields';

/** The form of a version and its refusals: what hides a refused field is opened. */
export function useVersionForm() {
  const [form] = Form.useForm<VersionValues>();
  const { error, show, clear } = useFieldErrors(form);
  const [isOpen, setOpen] = useState(false);
  const reveal = () => {
    const wrong = form.getFieldsError().filter((field) => field.errors.length > 0);
    if (wrong.some(({ name }) => isAdvanced(name))) setOpen(true);
  };
  return {
    form,
    /** What no field takes. */
    error,
    clear,
    refuse: (thrown: unknown) => {
      show(thrown);
      reveal();
    },
    reveal,
    advanced: { isOpen, setOpen },
  };
}
