/** What the API's schema says of texts that a form has in one of its fields; a test holds them to it. */

export const HEADER_NAME = /^[A-Za-z0-9-]{1,64}$/;
export const VARIABLE_NAME = /^(?!PENSTOCK_)[A-Za-z_][A-Za-z0-9_]{0,127}$/;
